// Queries and settings of the CPU and the calling thread.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "ckernels.h"

#if defined(__aarch64__)
uint32_t ck_cpu_features(void) {
    unsigned long has = getauxval(AT_HWCAP);
    uint32_t features = CK_CPU_ARM64;
    if (has & HWCAP_CRC32) features |= CK_CPU_CRC32C;
    if (has & HWCAP_PMULL) features |= CK_CPU_CARRYLESS;
    return features;
}

// FZ, which flushes subnormal operands and results to zero, and FZ16, DN, AH and FIZ, which also change results.
enum { FPCR_FLUSHING = 1 << 24 | 1 << 19 | 1 << 25 | 1 << 1 | 1 << 0, FPCR_ROUNDING = 3 << 22 };

void ck_set_floating_point_modes(void) {
    __builtin_arm_wsr64("fpcr", __builtin_arm_rsr64("fpcr") & ~(uint64_t)(FPCR_FLUSHING | FPCR_ROUNDING));
}

int ck_floating_point_modes_are_set(void) {
    return (__builtin_arm_rsr64("fpcr") & (FPCR_FLUSHING | FPCR_ROUNDING)) == 0;
}
#else
uint32_t ck_cpu_features(void) {
    __builtin_cpu_init();
    uint32_t features = 0;
    if (__builtin_cpu_supports("sse4.2")) features |= CK_CPU_SSE42 | CK_CPU_CRC32C;
    if (__builtin_cpu_supports("avx")) features |= CK_CPU_AVX;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) features |= CK_CPU_AVX2_FMA;
    if (ck_level_available(CK_LEVEL_AVX512)) features |= CK_CPU_AVX512;
    if (__builtin_cpu_supports("avx512bf16")) features |= CK_CPU_AVX512_BF16;
    if (__builtin_cpu_supports("pclmul")) features |= CK_CPU_CARRYLESS;
    if (__builtin_cpu_is("amd")) features |= CK_CPU_AMD;
    return features;
}

enum { MXCSR_FLUSHING = 0x8040 /* FTZ | DAZ */, MXCSR_ROUNDING = 0x6000 };

void ck_set_floating_point_modes(void) {
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() & ~(unsigned)(MXCSR_FLUSHING | MXCSR_ROUNDING));
}

int ck_floating_point_modes_are_set(void) {
    return (__builtin_ia32_stmxcsr() & (MXCSR_FLUSHING | MXCSR_ROUNDING)) == 0;
}
#endif

int ck_schedulable_cores(void) {
    // The kernel refuses a mask that is shorter than its own; no machine has this many cores.
    enum { MOST_CORES = 16384 };
    cpu_set_t *mask = CPU_ALLOC(MOST_CORES);
    if (mask == NULL) return 0;
    size_t size = CPU_ALLOC_SIZE(MOST_CORES);
    int cores = sched_getaffinity(0, size, mask) == 0 ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    return cores;
}

int ck_pin(const int32_t *cores, size_t count) {
    int most = 0;
    for (size_t i = 0; i < count; i++) most = cores[i] > most ? cores[i] : most;
    cpu_set_t *mask = CPU_ALLOC(most + 1);
    if (mask == NULL) return 0;
    size_t size = CPU_ALLOC_SIZE(most + 1);
    CPU_ZERO_S(size, mask);
    for (size_t i = 0; i < count; i++) CPU_SET_S(cores[i], size, mask);
    int is_done = count > 0 && sched_setaffinity(0, size, mask) == 0;
    CPU_FREE(mask);
    return is_done;
}

void ck_share_one_heap(void) { mallopt(M_ARENA_MAX, 1); }
