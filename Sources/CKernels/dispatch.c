// Asks the CPU once and sends every call to the best level's loops.
#include <stdatomic.h>

#include "levels.h"

#if defined(__aarch64__)
int ck_level_available(int level) { return level == CK_LEVEL_NEON; }

static const ck_table *const tables[CK_LEVELS] = {[CK_LEVEL_NEON] = &ck_table_neon};
#else
int ck_level_available(int level) {
    __builtin_cpu_init();
    switch (level) {
    case CK_LEVEL_BASELINE: return 1;
    case CK_LEVEL_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CK_LEVEL_AVX512:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    case CK_LEVEL_AVX512_BF16: return ck_level_available(CK_LEVEL_AVX512) && __builtin_cpu_supports("avx512bf16");
    default: return 0;
    }
}

static const ck_table *const tables[CK_LEVELS] = {&ck_table_baseline, &ck_table_avx2, &ck_table_avx512, &ck_table_avx512_bf16};
#endif

static _Atomic(const ck_table *) chosen;

static const ck_table *table(void) {
    const ck_table *current = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (__builtin_expect(current != 0, 1)) return current;
    int level = CK_LEVELS - 1;
    while (!ck_level_available(level)) level--;
    atomic_store_explicit(&chosen, tables[level], memory_order_relaxed);
    return tables[level];
}

int ck_level(void) {
    const ck_table *current = table();
    int level = CK_LEVELS - 1;
    while (tables[level] != current) level--;
    return level;
}

void ck_select_level(int level) { atomic_store_explicit(&chosen, tables[level], memory_order_relaxed); }

#define CK_LOOP(result, name, parameters, arguments) \
    result ck_##name parameters { return table()->name arguments; }
#include "loops.def"
#undef CK_LOOP
