// All loops for AVX-512 F, DQ, BW and VL with BF16.
#if defined(__x86_64__)
#include <immintrin.h>

#include "levels.h"

#define LEVEL 3

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16"))), apply_to = function)
#include "loops_all.h"
#pragma clang attribute pop

const ck_table ck_table_avx512_bf16 = {
#define CK_LOOP(result, name, parameters, arguments) .name = loop_##name,
#include "loops.def"
#undef CK_LOOP
};

#endif
