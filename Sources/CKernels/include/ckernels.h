// The hot loops that Swift does not vectorise. On x86-64 each is compiled four times (baseline, AVX2, AVX-512, AVX-512 with bf16) and chosen once by
// CPUID; on 64-bit Arm each is compiled once (NEON).
//
// Every loop gives the same bits at every level: no contraction into fused multiply-adds except where the definition has them (products), no
// reassociation, and every reduction runs over 16 fixed lanes (element i belongs to lane i mod 16) that are added in one fixed tree. Pointers need no
// alignment. Nothing here checks its arguments: the Swift target `Kernels` does, once a call.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// In this order: elements of one block of the chain hash; the most values of a block of byte planes; and, for a gradient that is added to its exact
// sum as it leaves its product, the most of its rows at a time, the most rows of a shard, and floats of scratch for each of those.
enum { CK_HASH_BLOCK = 4096, CK_PLANE_BLOCK = 1024, CK_EXACT_ROWS = 168, CK_EXACT_STEPS = 1024, CK_EXACT_SCRATCH = 176 };

// The most columns of a matrix that is entropy-coded, and the bytes of its coder's tables.
enum { CK_ENTROPY_COLUMNS = 65535, CK_ENTROPY_TABLES = 104 << 10 };

static inline size_t ck_entropy_rows(size_t n, size_t first, size_t columns) { return (first + n - 1) / columns + 1; }
// Bytes of scratch for coding and for decoding.
static inline size_t ck_entropy_scratch(size_t n, size_t first, size_t columns) {
    return CK_ENTROPY_TABLES + 2 * n + 82 * columns + 11 * ck_entropy_rows(n, first, columns) + 13 * 8;
}
// Bytes that an encoder may write to; more than its result can take.
static inline size_t ck_entropy_bound(size_t n, size_t first, size_t columns) {
    return 6 * n + ck_entropy_rows(n, first, columns) + columns + 2560;
}

// The loops themselves, declared by their list.
#define CK_LOOP(result, name, parameters, arguments) result ck_##name parameters;
#include "loops.def"
#undef CK_LOOP

// The levels a loop is compiled for. A level is available when the CPU and the operating system support all of it.
enum { CK_LEVEL_BASELINE = 0, CK_LEVEL_AVX2 = 1, CK_LEVEL_AVX512 = 2, CK_LEVEL_AVX512_BF16 = 3, CK_LEVEL_NEON = 4, CK_LEVELS = 5 };
int ck_level_available(int level);
int ck_level(void);
void ck_select_level(int level);

// CPU features that decide the BLAS kernel family and the way of the checksum.
enum {
    CK_CPU_SSE42 = 1,
    CK_CPU_AVX = 2,
    CK_CPU_AVX2_FMA = 4,
    CK_CPU_AVX512 = 8,
    CK_CPU_AVX512_BF16 = 16,
    CK_CPU_AMD = 32,
    CK_CPU_CARRYLESS = 64,
    CK_CPU_CRC32C = 128,
    CK_CPU_ARM64 = 256,
};
uint32_t ck_cpu_features(void);

// MXCSR of the calling thread, or FPCR: gradual underflow, round to nearest, as IEEE 754 has it.
void ck_set_floating_point_modes(void);
int ck_floating_point_modes_are_set(void);

// Cores that the scheduler lets the calling thread run on; 0 where it does not say.
int ck_schedulable_cores(void);
// Keeps the calling thread, and those that it starts, on these cores: 0 where the kernel refuses.
int ck_pin(const int32_t *cores, size_t count);

// Makes all threads of the process take memory from one heap; otherwise the C library reserves address space for a heap for each thread.
void ck_share_one_heap(void);

// One turn of a waiting loop. Most Arm cores ignore YIELD; ISB takes about as long there as PAUSE does on an x86 core.
static inline void ck_pause(void) {
#if defined(__aarch64__)
    __builtin_arm_isb(15);
#else
    __builtin_ia32_pause();
#endif
}

// CRC-32C (Castagnoli), continuing from `crc` (0 at the start), by the best way the CPU has. The others are there for CPUs
// without an instruction for it (the table), for those with one but without carry-less products (one stream), and for tests.
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t count);
uint32_t ck_crc32c_one_stream(uint32_t crc, const void *bytes, size_t count);
uint32_t ck_crc32c_table(uint32_t crc, const void *bytes, size_t count);

// Sine and cosine in double precision with their own argument reduction, for |x| up to 2^20: schedules and priors need them, libm differs by machine.
double ck_sin_double(double x);
double ck_cos_double(double x);

// Exponential and logarithm in double precision, within a unit in the last place; the exponential is 0 for subnormal results, the logarithm −∞ for
// subnormal arguments.
double ck_exp_double(double x);
double ck_log_double(double x);

#endif
