// The table of one level's loops, filled by the file that compiles them.
#ifndef CK_LEVELS_H
#define CK_LEVELS_H

#include "ckernels.h"

typedef struct {
#define CK_LOOP(result, name, parameters, arguments) result (*name) parameters;
#include "loops.def"
#undef CK_LOOP
} ck_table;

// The last one exists on 64-bit Arm, the others on x86-64.
extern const ck_table ck_table_baseline, ck_table_avx2, ck_table_avx512, ck_table_avx512_bf16, ck_table_neon;

#endif
