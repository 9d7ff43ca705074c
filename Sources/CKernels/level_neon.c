// All loops for NEON, which every 64-bit Arm has.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "levels.h"

#define LEVEL 4

#include "loops_all.h"

const ck_table ck_table_neon = {
#define CK_LOOP(result, name, parameters, arguments) .name = loop_##name,
#include "loops.def"
#undef CK_LOOP
};

#endif
