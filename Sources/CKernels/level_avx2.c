// All loops for AVX2 with FMA.
#if defined(__x86_64__)
#include <immintrin.h>

#include "levels.h"

#define LEVEL 1

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "loops_all.h"
#pragma clang attribute pop

const ck_table ck_table_avx2 = {
#define CK_LOOP(result, name, parameters, arguments) .name = loop_##name,
#include "loops.def"
#undef CK_LOOP
};

#endif
