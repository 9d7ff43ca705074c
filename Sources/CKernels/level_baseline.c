// All loops for SSE2, which every x86-64 has.
#if defined(__x86_64__)
#include <immintrin.h>

#include "levels.h"

#define LEVEL 0

#include "loops_all.h"

const ck_table ck_table_baseline = {
#define CK_LOOP(result, name, parameters, arguments) .name = loop_##name,
#include "loops.def"
#undef CK_LOOP
};

#endif
