// Every loop; each level's file includes this once, under its own target attribute and value of LEVEL (0 to 3; 4 on Arm).
#ifndef CK_LOOPS_ALL_H
#define CK_LOOPS_ALL_H

#define IS_AVX512 (LEVEL == 2 || LEVEL == 3)
#define IS_AVX512_BF16 (LEVEL == 3)
#define IS_NEON (LEVEL == 4)

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

#include "exponential.h"
#include "sine.h"
#include "loops_lanes.h"
#include "loops_math.h"
#include "loops_elementwise.h"
#include "loops_columns.h"
#include "loops_losses.h"
#include "loops_softmax.h"
#include "loops_normalisation.h"
#include "loops_posterior.h"
#include "loops_density.h"
#include "loops_mixtures.h"
#include "loops_random.h"
#include "loops_dropout.h"
#include "loops_exact.h"
#include "loops_update.h"
#include "loops_planes.h"
#include "loops_entropy.h"
#include "loops_entropy_encode.h"
#include "loops_entropy_decode.h"
#include "loops_operands.h"
#include "loops_products.h"
#include "loops_exact_products.h"

#endif
