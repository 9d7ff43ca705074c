// What is asked of, and set on, the CPU and the calling thread.
#define _GNU_SOURCE
#include <pthread.h>

#include "ckernels.h"

uint32_t ck_cpu_features(void) {
    __builtin_cpu_init();
    uint32_t features = 0;
    if (__builtin_cpu_supports("sse4.2")) features |= CK_CPU_SSE42;
    if (__builtin_cpu_supports("avx")) features |= CK_CPU_AVX;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= CK_CPU_AVX2_FMA;
    if (ck_level_available(CK_LEVEL_AVX512)) features |= CK_CPU_AVX512;
    if (__builtin_cpu_supports("avx512bf16")) features |= CK_CPU_AVX512_BF16;
    if (__builtin_cpu_supports("pclmul")) features |= CK_CPU_CARRYLESS;
    if (__builtin_cpu_is("amd")) features |= CK_CPU_AMD;
    return features;
}

enum { MXCSR_MODES = 0x8040 /* FTZ | DAZ */, MXCSR_ROUNDING = 0x6000 };

void ck_set_floating_point_modes(void) {
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~(unsigned)MXCSR_ROUNDING) | MXCSR_MODES);
}

int ck_floating_point_modes_are_set(void) {
    return (__builtin_ia32_stmxcsr() & (MXCSR_MODES | MXCSR_ROUNDING)) == MXCSR_MODES;
}
