// Calls every kernel with pseudo-random numbers of many shapes and kinds and prints a line for each: its name, and a hash of all memory that
// it was given and of what it returned.
//
//     bits LEVEL          LEVEL is baseline, avx2, avx512, avx512-bf16 or neon
//     bits LEVEL NAME     every value of one kernel, as: call, buffer, place, bits
//
// A kernel of loops.def needs only its `try_NAME` here, without which this does not compile. It takes buffers and calls the kernel; the hash
// covers all that is in the buffers afterwards. Tests/Arm/run.sh finds kernels that ckernels.h declares outside that list and nothing here calls.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckernels.h"

// The kind of numbers in a call.
typedef enum {
    ORDINARY,  // about 1
    SPREAD,    // from 2^-30 to 2^30
    WIDE,      // of every normal exponent
    AWKWARD,   // ordinary ones with zeros, infinities, NaNs, denormals and what lies at borders among them
    TINY,      // around the smallest normal number, and factors whose product comes to lie there
    KINDS,
} number_kind;

static number_kind kind;

// Rows and columns of matrices, and as many elements of vectors. Around 4, 6, 14, 16, 32, 64 of them, blocks of 168, 1,024 and 4,096.
static const struct { size_t rows, columns; } shapes[] = {
    {0, 3},   {3, 0},   {1, 1},   {1, 2},   {1, 3},    {1, 5},    {1, 15},   {1, 16},   {1, 17},   {1, 31},    {1, 33},    {1, 64},  {1, 65},
    {1, 1000}, {1, 1023}, {1, 1024}, {1, 1025}, {1, 4096}, {1, 4097}, {1, 10007}, {2, 1},    {7, 1},    {3, 3},     {4, 8},     {5, 21},  {6, 10},
    {7, 13},  {13, 19}, {14, 32}, {15, 33}, {16, 16},  {17, 2},   {20, 70},  {29, 35},  {64, 10},  {100, 7},   {168, 31},  {169, 5}, {257, 3},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], TURNS = 2 };
static size_t rows, columns, count;

// SplitMix64 (Steele, Lea and Flood, 2014).
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}
static uint64_t state;
static uint64_t word(void) { return mix(state += 0x9E3779B97F4A7C15u); }
static uint64_t below(uint64_t n) { return word() % n; }

// Numbers are made as bits, so that none depends on how the CPU computes.
static uint32_t float_of(uint32_t exponent, uint32_t mantissa) { return (uint32_t)(word() >> 63) << 31 | exponent << 23 | (mantissa & 0x7FFFFFu); }
static uint64_t double_of(uint64_t exponent, uint64_t mantissa) { return (word() >> 63) << 63 | exponent << 52 | (mantissa & 0xFFFFFFFFFFFFFull); }

static uint32_t awkward_float(void) {
    static const uint32_t some[] = {
        0, 1, 2, 0x00400000, 0x007FFFFF,                           // zero, denormals
        0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x7FC12345,            // the largest, infinity, NaNs
        0x3F800000, 0x3F7FFFFF, 0x3F000000, 0x3F200000,            // 1, 1 - 2^-24, 1/2, 5/8
        0x42B17218, 0x42AEAC50, 0x41A00000,                        // ends of the exponential, 20
        0x4B000000, 0x4B400000, 0x4E800000, 0x4F000000,            // 2^23, 1.5 2^23, 2^30, 2^31
    };
    return (uint32_t)(word() >> 63) << 31 | some[below(sizeof some / sizeof some[0])];
}

static uint64_t awkward_double(void) {
    static const uint64_t some[] = {
        0, 1, 0x0008000000000000, 0x000FFFFFFFFFFFFF,                              // zero, denormals
        0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0x7FF8000000000000,                // the largest, infinity, NaN
        0x3FF0000000000000, 0x3FEFFFFFFFFFFFFF,                                    // 1, 1 - 2^-53
        0x40862E42FEFA39EF, 0x4086232BDD7ABCD2, 0xC0862232BDD7ABCD,                // ends of the exponential
        0x36A0000000000000, 0x47EFFFFFE0000000,                                    // ends of single precision
        0x4130000000000000, 0x3FF921FB54442D18, 0x3FE921FB54442D18,                // 2^20, π/2, π/4
    };
    return (word() >> 63) << 63 | some[below(sizeof some / sizeof some[0])];
}

static uint32_t tiny_float(void) {
    switch (below(8)) {
    case 0: return float_of(1, 0);  // 2^-126
    case 1: return float_of((uint32_t)below(5), (uint32_t)word());
    case 2: return float_of(0, (uint32_t)word());
    case 3: return float_of(127 - 63, 0xB50F52);  // with the next one a product that lies within 2^-151 below 2^-126
    case 4: return float_of(127 - 64, 0xB4FA95);
    case 5: return float_of(60 + (uint32_t)below(6), (uint32_t)word());
    case 6: return float_of(10 + (uint32_t)below(30), (uint32_t)word());
    default: return float_of(124 + (uint32_t)below(6), (uint32_t)word());
    }
}

static uint64_t tiny_double(void) {
    switch (below(4)) {
    case 0: return double_of(1023 - 127, UINT64_MAX << below(40));  // 2^-126 but for some last bits
    case 1: return double_of(1 + below(4), word());
    default: return double_of(1023 - 152 + below(30), word());
    }
}

// One number in `rarity` of a buffer is awkward.
static uint32_t float_bits(uint64_t rarity) {
    switch (kind) {
    case SPREAD: return float_of(97 + (uint32_t)below(61), (uint32_t)word());
    case WIDE: return float_of(1 + (uint32_t)below(254), (uint32_t)word());
    case TINY: return tiny_float();
    default:
        if (kind == AWKWARD && below(rarity) == 0) return awkward_float();
        return float_of(124 + (uint32_t)below(5), (uint32_t)word());
    }
}

static uint64_t double_bits(uint64_t rarity) {
    switch (kind) {
    case SPREAD: return double_of(993 + below(61), word());
    case WIDE: return double_of(1 + below(2046), word());
    case TINY: return tiny_double();
    default:
        if (kind == AWKWARD && below(rarity) == 0) return awkward_double();
        return double_of(1020 + below(5), word());
    }
}

// The memory of a call: consecutive buffers, each after some bytes that must not be written, and aligned to no more than its elements.
typedef enum { FLOATS, DOUBLES, INTEGERS, HASHES, BYTES } element;
static const size_t element_size[] = {4, 8, 4, 8, 1};
enum { MEMORY = 1 << 23, MOST_BUFFERS = 32, MARGIN = 64, UNTOUCHED = 0xA5 };
static _Alignas(64) uint8_t memory[MEMORY];
static struct { element of; size_t at, count; } buffers[MOST_BUFFERS];
static size_t used, buffer_count;

static void *buffer(element of, size_t n) {
    size_t size = element_size[of], from = used, at = used + MARGIN + size * (1 + below(3));
    used = (at + n * size + MARGIN + 63) / 64 * 64;
    if (used > MEMORY || buffer_count == MOST_BUFFERS) {
        fprintf(stderr, "bits: a call wants more memory than there is\n");
        exit(2);
    }
    memset(memory + from, UNTOUCHED, used - from);
    buffers[buffer_count].of = of;
    buffers[buffer_count].at = at;
    buffers[buffer_count++].count = n;
    return memory + at;
}

static uint64_t some_rarity(void) { return (uint64_t)4 << 4 * below(3); }

#define NUMBERS(name, type, element, pattern, pattern_of)   \
    static type *name(size_t n) {                           \
        type *p = buffer(element, n);                       \
        uint64_t rarity = some_rarity();                    \
        for (size_t i = 0; i < n; i++) {                    \
            pattern b = pattern_of(rarity);                 \
            memcpy(p + i, &b, sizeof b);                    \
        }                                                   \
        return p;                                           \
    }
NUMBERS(floats, float, FLOATS, uint32_t, float_bits)
NUMBERS(doubles, double, DOUBLES, uint64_t, double_bits)
#undef NUMBERS

// Below 2^29, so that the exact sum of one and a gradient is no overflow; in some buffers below a smaller bound.
static int32_t *integers(size_t n) {
    int32_t *p = buffer(INTEGERS, n);
    int bits = below(3) == 0 ? 29 : (int)below(30);
    for (size_t i = 0; i < n; i++) {
        int32_t size = (int32_t)(word() >> (64 - 29)) >> (29 - bits);
        p[i] = below(2) ? size : -size;
    }
    return p;
}

static uint32_t *words(size_t n) { return (uint32_t *)integers(n); }

static uint8_t *bytes(size_t n) {
    uint8_t *p = buffer(BYTES, n);
    for (size_t i = 0; i < n; i++) p[i] = (uint8_t)word();
    return p;
}

// For the hashes of the blocks of n sums; sometimes null, so that none are asked for.
static uint64_t *digests(size_t n) {
    if (below(4) == 0) return NULL;
    size_t blocks = (n + CK_HASH_BLOCK - 1) / CK_HASH_BLOCK;
    uint64_t *p = buffer(HASHES, blocks);
    memset(p, 0, blocks * sizeof *p);
    return p;
}

// One number.
static float number(void) {
    uint32_t b = float_bits(4);
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}
static double wide_number(void) {
    uint64_t b = double_bits(4);
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}
static float power_of_two(int exponent) {
    uint32_t b = (uint32_t)(exponent + 127) << 23;
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

// What a kernel returns is one more buffer.
static void keep_double(double x) { memcpy(buffer(DOUBLES, 1), &x, sizeof x); }
static void keep_word(uint32_t x) { memcpy(buffer(INTEGERS, 1), &x, sizeof x); }

// Element-wise.
static void try_add_bias(void) { float *y = floats(count), *bias = floats(columns); ck_add_bias(y, bias, rows, columns); }
static void try_add_bias_relu(void) { float *y = floats(count), *bias = floats(columns); ck_add_bias_relu(y, bias, rows, columns); }
static void try_relu(void) { float *y = floats(count); ck_relu(y, count); }
static void try_relu_backward(void) { float *dy = floats(count), *y = floats(count); ck_relu_backward(dy, y, count); }
static void try_sigmoid_backward(void) { float *dy = floats(count), *y = floats(count); ck_sigmoid_backward(dy, y, count); }
static void try_column_sums(void) { float *x = floats(count), *sums = floats(columns); ck_column_sums(x, rows, columns, sums); }
static void try_bytes_to_unit(void) { uint8_t *x = bytes(count); float *y = floats(count); ck_bytes_to_unit(x, y, count); }
static void try_standardise(void) {
    float *y = floats(count), *mean = floats(count), *scale = floats(count);
    ck_standardise(y, mean, scale, count);
}
static void try_unstandardise(void) {
    float *y = floats(count), *mean = floats(count), *std = floats(count);
    ck_unstandardise(y, mean, std, count);
}
static void try_axpy(void) { float *x = floats(count), *y = floats(count); ck_axpy(number(), x, y, count); }
static void try_scale(void) { float *x = floats(count); ck_scale(number(), x, count); }
static void try_add(void) { float *a = floats(count), *b = floats(count), *y = floats(count); ck_add(a, b, y, count); }
static void try_multiply(void) { float *a = floats(count), *b = floats(count), *y = floats(count); ck_multiply(a, b, y, count); }
static void try_copy_columns(void) {
    size_t x_stride = columns + below(3), y_stride = columns + below(3);
    float *x = floats(rows * x_stride), *y = floats(rows * y_stride);
    ck_copy_columns(x, x_stride, y, y_stride, rows, columns);
}
static void try_squared_distances(void) {
    size_t others = below(9);
    float *a = floats(count), *b = floats(others * columns), *distances = floats(rows * others);
    ck_squared_distances(a, rows, b, others, columns, distances);
}

// Functions, into other memory and in place.
#define TRY_FUNCTION(name)                                                      \
    static void try_##name(void) {                                              \
        float *x = floats(count), *y = floats(count);                           \
        ck_##name(x, y, count);                                                 \
        ck_##name(x, x, count);                                                 \
    }
TRY_FUNCTION(exp)
TRY_FUNCTION(log)
TRY_FUNCTION(tanh)
TRY_FUNCTION(sigmoid)
TRY_FUNCTION(softplus)
TRY_FUNCTION(sin)
TRY_FUNCTION(cos)

// Sums and losses.
static void try_sum(void) { float *x = floats(count); keep_double(ck_sum(x, count)); }
static void try_sum_of_squares(void) { float *x = floats(count); keep_double(ck_sum_of_squares(x, count)); }
static void try_squared_error(void) { float *x = floats(count), *y = floats(count); keep_double(ck_squared_error(x, y, count)); }
static void try_half_squared_error(void) {
    float *y = floats(count), *target = floats(count), *gradient = floats(count);
    keep_double(ck_half_squared_error(y, target, gradient, count));
}
static void try_sigmoid_half_squared_error(void) {
    float *logits = floats(count), *target = floats(count), *output = floats(count), *gradient = floats(count);
    keep_double(ck_sigmoid_half_squared_error(logits, target, output, gradient, count));
}
static void try_cross_entropy(void) {
    float *logits = floats(count), *target = floats(count), *gradient = floats(count);
    keep_double(ck_cross_entropy(logits, target, gradient, count));
}
static void try_adversarial(void) {
    float *logits = floats(count), *gradient = floats(count);
    keep_double(ck_adversarial(logits, 1, gradient, count));
    keep_double(ck_adversarial(logits, 0, logits, count));
}

// Softmax.
static void try_softmax(void) { float *x = floats(count), *y = floats(count); ck_softmax(x, y, rows, columns); }
static void try_softmax_backward(void) {
    float *dy = floats(count), *y = floats(count), *dx = floats(count);
    ck_softmax_backward(dy, y, dx, rows, columns);
}
static void try_softmax_cross_entropy(void) {
    if (columns == 0) return;
    float *logits = floats(count), *gradient = floats(count);
    uint8_t *labels = bytes(rows);
    for (size_t r = 0; r < rows; r++) labels[r] = (uint8_t)(labels[r] % columns);
    keep_double(ck_softmax_cross_entropy(logits, labels, gradient, rows, columns));
}
static void try_log_softmax(void) { float *x = floats(count); double *y = doubles(count); ck_log_softmax(x, y, rows, columns); }

// Batch norm.
static void try_column_moments(void) { float *x = floats(count); double *sums = doubles(2 * columns); ck_column_moments(x, rows, columns, sums); }
static void try_mean_and_variance(void) {
    double *sums = doubles(2 * columns);
    float *mean = floats(columns), *variance = floats(columns);
    ck_mean_and_variance(sums, (double)rows, mean, variance, columns);
}
static void try_normalise(void) {
    float *x = floats(count), *mean = floats(columns), *variance = floats(columns);
    float *gamma = floats(columns), *beta = floats(columns), *y = floats(count);
    ck_normalise(x, mean, variance, gamma, beta, y, rows, columns);
}
static void try_normalise_sums(void) {
    float *dy = floats(count), *x = floats(count), *mean = floats(columns), *variance = floats(columns);
    double *sums = doubles(2 * columns);
    ck_normalise_sums(dy, x, mean, variance, rows, columns, sums);
}
static void try_normalise_backward(void) {
    float *dy = floats(count), *x = floats(count), *mean = floats(columns), *variance = floats(columns);
    float *gamma = floats(columns), *dx = floats(count);
    double *sums = doubles(2 * columns);
    ck_normalise_backward(dy, x, mean, variance, gamma, sums, (double)rows, dx, rows, columns);
}

// The posterior and the priors.
static void try_posterior(void) {
    float *head = floats(2 * count), *noise = floats(count), *z = floats(count);
    ck_posterior(head, noise, z, rows, columns);
}
static void try_posterior_backward(void) {
    float *dz = floats(count), *head = floats(2 * count), *noise = floats(count), *gradient = floats(2 * count);
    ck_posterior_backward(dz, head, noise, gradient, rows, columns);
}
static void try_posterior_divergence(void) {
    float *head = floats(2 * count), *gradient = floats(2 * count);
    double *log_variances = doubles(1);
    keep_double(ck_posterior_divergence(head, number(), gradient, rows, columns, log_variances));
}
static void try_gaussian_density(void) {
    float *z = floats(count), *gradient = below(4) ? floats(count) : NULL;
    double std = wide_number(), constant = wide_number(), *densities = doubles(rows);
    ck_gaussian_density(z, std, constant, densities, gradient, rows, columns);
}
static void try_petals_density(void) {
    size_t components = below(9);
    float *z = floats(2 * rows), *gradient = below(4) ? floats(2 * rows) : NULL;
    double *directions = doubles(2 * components), *densities = doubles(rows);
    double radial = wide_number(), tangential = wide_number(), distance = wide_number(), constant = wide_number();
    ck_petals_density(z, directions, components, radial, tangential, distance, constant, densities, gradient, rows);
}
static void try_mixture_sums(void) {
    size_t scale_count = below(4);
    float *x = floats(count), *of_row = floats(columns);
    double *offsets = doubles(columns), *scales = doubles(scale_count), *places = doubles(columns), *largest = doubles(rows);
    double *sums = doubles(rows * scale_count);
    ck_mixture_sums(x, offsets, rows, columns, scales, scale_count, places, of_row, largest, sums);
}

// Random numbers.
#define COUNTERS (uint32_t)word()
static void try_philox_words(void) {
    uint32_t k[5] = {COUNTERS, COUNTERS, COUNTERS, COUNTERS, COUNTERS}, *out = words(count);
    ck_philox_words(k[0], k[1], k[2], k[3], k[4], out, count);
}
static void try_philox_uniform(void) {
    uint32_t k[5] = {COUNTERS, COUNTERS, COUNTERS, COUNTERS, COUNTERS};
    float *out = floats(count);
    ck_philox_uniform(k[0], k[1], k[2], k[3], k[4], out, count);
}
static void try_philox_normal(void) {
    uint32_t k[5] = {COUNTERS, COUNTERS, COUNTERS, COUNTERS, COUNTERS};
    float std = number(), *out = floats(count);
    ck_philox_normal(k[0], k[1], k[2], k[3], k[4], std, out, count);
}
static void try_philox_mask(void) {
    uint32_t k[6] = {COUNTERS, COUNTERS, COUNTERS, COUNTERS, COUNTERS, COUNTERS};
    float kept = number(), *out = floats(count);
    ck_philox_mask(k[0], k[1], k[2], k[3], k[4], 4 * below(1000), k[5], kept, out, count);
}
#undef COUNTERS

// The exact sum and the updates.
static void try_maximum_bits(void) { float *g = floats(count); keep_word(ck_maximum_bits(g, count)); }
static void try_exact_add(void) {
    float *g = floats(count);
    int32_t *sum = integers(count), bits = 2 + (int32_t)below(29);
    // A unit from far below the numbers, where all are clamped, to far above them, where all are 0; mostly between.
    int exponent = below(4) ? bits - 8 + (int)below(8) : (int)below(254) - 126;
    uint64_t *clamped = buffer(HASHES, 1);
    keep_word(ck_exact_add(g, sum, count, power_of_two(exponent), (int32_t)(((uint32_t)1 << (bits - 1)) - 1), clamped));
}
static void try_exact_add_stochastic(void) {
    float *g = floats(count);
    int32_t *sum = integers(count), bits = below(2) ? 12 : 8;
    uint32_t *k = words(5);
    uint64_t *clamped = buffer(HASHES, 1);
    keep_word(ck_exact_add_stochastic(g, sum, count, power_of_two(bits - 8 + (int)below(8)), (int32_t)(((uint32_t)1 << (bits - 1)) - 1), k[0], k[1],
                                      k[2], k[3], k[4], 4 * below(1000), clamped));
}
static void try_hash_blocks(void) {
    int32_t *sum = integers(count);
    uint64_t *hashes = digests(count);
    if (hashes) ck_hash_blocks(sum, count, hashes);
}
static float some_unit(void) { return power_of_two(kind == TINY ? -(int)below(127) : -(int)below(40)); }
static void try_gradient(void) {
    int32_t *sum = integers(count);
    float *gradient = floats(count);
    ck_gradient(sum, some_unit(), 1.0f + (float)below(1000), gradient, count);
}
static void try_update_sgd(void) {
    float *w = floats(count), *v = floats(count);
    int32_t *sum = integers(count);
    ck_update_sgd(w, v, sum, count, some_unit(), 1.0f + (float)below(1000), number(), below(2) ? 0.9f : number(), digests(count));
}
static void try_update_adam(void) {
    float *w = floats(count), *m = floats(count), *v = floats(count);
    int32_t *sum = integers(count);
    int usual = below(2) == 0;
    for (size_t i = 0; usual && i < count; i++) v[i] = v[i] < 0 ? -v[i] : v[i];
    float unit = some_unit(), minibatch = 1.0f + (float)below(1000), rate = usual ? 0.001f : number();
    float beta1 = usual ? 0.9f : number(), beta2 = usual ? 0.999f : number(), epsilon = usual ? 1e-8f : number();
    ck_update_adam(w, m, v, sum, count, unit, minibatch, rate, beta1, beta2, epsilon, beta1, beta2, digests(count));
}
static void try_update_average(void) {
    float *average = floats(count), *w = floats(count);
    ck_update_average(average, w, below(2) ? 0.999f : number(), count);
}

// Byte planes of a block.
static size_t of_block(void) { return count < CK_PLANE_BLOCK ? count : CK_PLANE_BLOCK; }
static void try_plane_width(void) { size_t n = of_block(); int32_t *x = integers(n); keep_word((uint32_t)ck_plane_width(x, n)); }
static void try_pack_planes(void) {
    size_t n = of_block();
    int32_t *x = integers(n);
    int width = (int)below(5);
    uint8_t *planes = bytes((size_t)width * n);
    ck_pack_planes(x, n, width, planes);
}
static void try_unpack_planes(void) {
    size_t n = of_block();
    int width = (int)below(5);
    uint8_t *planes = bytes((size_t)width * n);
    int32_t *x = integers(n);
    ck_unpack_planes(planes, n, width, x);
}
static void try_unpack_planes_adding(void) {
    size_t n = of_block();
    int width = (int)below(5);
    uint8_t *planes = bytes((size_t)width * n);
    int32_t *x = integers(n);
    ck_unpack_planes_adding(planes, n, width, x);
}

// An entropy-coded piece from the middle of a row on: its bytes, what they decode to, and what damaged ones decode to, over zeros and over a sum.
static size_t piece_first, piece_count;
static void some_piece(void) {
    piece_first = columns ? below(columns) : 0;
    piece_count = count > 2000 && kind != ORDINARY && kind != AWKWARD ? 2000 : count;
}
static uint8_t *some_scratch(void) {
    static _Alignas(64) uint8_t scratch[1 << 21];
    if (ck_entropy_scratch(piece_count, piece_first, columns) <= sizeof scratch) return scratch;
    fprintf(stderr, "bits: an entropy coder wants more scratch than there is\n");
    exit(2);
}
static uint8_t *encoded(size_t *size) {
    int32_t *x = integers(piece_count);
    // Columns and rows of zeros, and rows that lean to one sign.
    uint64_t dead = below(4), leaning = below(2);
    for (size_t i = 0; i < piece_count; i++) {
        size_t column = (piece_first + i) % columns, row = (piece_first + i) / columns;
        if (mix(column) % 4 < dead || mix(row + 7) % 8 < dead) x[i] = 0;
        if (leaning && mix(row) % 2 && x[i] < 0) x[i] = -x[i];
        if (kind == AWKWARD && below(50) == 0) x[i] = below(2) ? INT32_MIN : INT32_MAX;
    }
    uint8_t *to = bytes(ck_entropy_bound(piece_count, piece_first, columns));
    *size = ck_entropy_encode(x, piece_count, piece_first, columns, some_scratch(), to);
    return to;
}
static void try_entropy_encode(void) {
    some_piece();
    if (piece_count == 0) return;
    size_t size;
    encoded(&size);
    keep_word((uint32_t)size);
}
static void try_entropy_decode(void) {
    some_piece();
    if (piece_count == 0) return;
    size_t size;
    uint8_t *from = encoded(&size);
    for (int turn = 0; turn < 6; turn++) {
        if (turn == 3) from[below(size)] ^= (uint8_t)(1 + below(255));
        size_t given = turn == 5 ? below(size) : size;
        int32_t *x = integers(piece_count);
        keep_word((uint32_t)ck_entropy_decode(from, given, piece_count, piece_first, columns, turn % 2, some_scratch(), x));
    }
}
#define TRY_SIZE(name)                                                                        \
    static void try_##name(void) {                                                            \
        some_piece();                                                                         \
        if (piece_count) keep_word((uint32_t)ck_##name(piece_count, piece_first, columns));   \
    }
TRY_SIZE(entropy_rows)
TRY_SIZE(entropy_scratch)
TRY_SIZE(entropy_bound)

// Products: the three of a dense layer, of `rows` samples with `columns` inputs and some outputs.
static size_t some_outputs(void) {
    static const size_t some[] = {0, 1, 3, 7, 8, 15, 16, 17, 31, 32, 33, 47, 64, 70, 129};
    size_t outputs = some[below(sizeof some / sizeof some[0])];
    return rows * columns > 2000 && outputs > 17 ? 17 : outputs;
}
static void try_product(void) {
    size_t outputs = some_outputs();
    float *x = floats(count), *w = floats(outputs * columns), *dy = floats(rows * outputs), *bias = floats(outputs);
    float *y = floats(rows * outputs), *dx = floats(count), *dw = floats(outputs * columns);
    int is_rectified = (int)below(2), has_bias = is_rectified || below(2), is_bf16 = (int)below(2);
    ck_product(x, columns, 1, w, 1, columns, y, outputs, rows, outputs, columns, has_bias ? bias : NULL, is_rectified, NULL, is_bf16);
    ck_product(dy, outputs, 1, w, columns, 1, dx, columns, rows, columns, outputs, NULL, 0, below(2) ? x : NULL, is_bf16);
    ck_product(dy, 1, outputs, x, columns, 1, dw, columns, outputs, columns, rows, NULL, 0, NULL, is_bf16);
}
// Two shards, one below the other. The content of the scratch memory is not compared, nor are the bits of a NaN.
static void try_product_exact(void) {
    static float scratch[CK_EXACT_SCRATCH * (CK_EXACT_STEPS + 2)];
    size_t outputs = some_outputs();
    float *x = floats(count), *dy = floats(rows * outputs);
    int32_t *sum = integers(outputs * columns), bits = 16 + (int32_t)below(15);
    int exponent = below(4) ? bits - 8 + (int)below(8) : (int)below(200) - 100, is_bf16 = (int)below(2), is_added = (int)below(2);
    if (rows < 2 || rows > CK_EXACT_STEPS || columns == 0 || outputs == 0) return;
    size_t starts[2] = {0, 1 + below(rows - 1)}, counts[2] = {starts[1], rows - starts[1]};
    uint32_t most[2] = {0, 0};
    keep_word((uint32_t)ck_product_exact(dy, outputs, x, columns, 0, outputs, below(2) * (columns / 2), columns, 2, starts, counts, is_bf16, scratch,
                                         sum, power_of_two(exponent), (int32_t)(((uint32_t)1 << (bits - 1)) - 1), is_added, most));
    for (int i = 0; i < 2; i++) keep_word(most[i] > 0x7F800000u ? 0x7FC00000u : most[i]);
}

// Beside the loops: checksums, and functions in double precision.
#define TRY_CHECKSUM(name)                                                                    \
    static void try_##name(void) {                                                            \
        size_t n = count > 2000 ? 4 * count : count;                                          \
        uint8_t *x = bytes(n);                                                                \
        keep_word(ck_##name((uint32_t)word(), x, n));                                         \
    }
TRY_CHECKSUM(crc32c)
TRY_CHECKSUM(crc32c_one_stream)
TRY_CHECKSUM(crc32c_table)

#define TRY_WIDE_FUNCTION(name)                                                               \
    static void try_##name(void) {                                                            \
        double *x = doubles(count);                                                           \
        for (size_t i = 0; i < count; i++) x[i] = ck_##name(x[i]);                            \
    }
TRY_WIDE_FUNCTION(exp_double)
TRY_WIDE_FUNCTION(log_double)

// Their arguments are floats or below 2^20.
#define TRY_TURNING(name)                                                                     \
    static void try_##name(void) {                                                            \
        double *x = doubles(count);                                                           \
        for (size_t i = 0; i < count; i++) x[i] = ck_##name(x[i] < 0x1p20 && x[i] > -0x1p20 ? x[i] : (double)(float)x[i]); \
    }
TRY_TURNING(sin_double)
TRY_TURNING(cos_double)

static const struct { const char *name; void (*call)(void); } kernels[] = {
#define CK_LOOP(result, name, parameters, arguments) {#name, try_##name},
#include "loops.def"
#undef CK_LOOP
    {"crc32c", try_crc32c},         {"crc32c_one_stream", try_crc32c_one_stream}, {"crc32c_table", try_crc32c_table}, {"exp_double", try_exp_double},
    {"entropy_rows", try_entropy_rows}, {"entropy_scratch", try_entropy_scratch}, {"entropy_bound", try_entropy_bound},
    {"log_double", try_log_double}, {"sin_double", try_sin_double},               {"cos_double", try_cos_double},
};
enum { KERNELS = sizeof kernels / sizeof kernels[0] };

// The bits of an element. All NaNs count as equal, since CPUs may choose their bits.
static uint64_t bits_at(size_t b, size_t i) {
    const uint8_t *p = memory + buffers[b].at + i * element_size[buffers[b].of];
    uint32_t narrow;
    uint64_t wide;
    switch (buffers[b].of) {
    case FLOATS:
        memcpy(&narrow, p, sizeof narrow);
        return (narrow & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC00000u : narrow;
    case DOUBLES:
        memcpy(&wide, p, sizeof wide);
        return (wide & 0x7FFFFFFFFFFFFFFFull) > 0x7FF0000000000000ull ? 0x7FF8000000000000ull : wide;
    case HASHES: memcpy(&wide, p, sizeof wide); return wide;
    case INTEGERS: memcpy(&narrow, p, sizeof narrow); return narrow;
    default: return *p;
    }
}

// Bytes before, between and after buffers must be unchanged.
static void check_margins(const char *name) {
    size_t from = 0;
    for (size_t b = 0; b <= buffer_count; b++) {
        size_t to = b < buffer_count ? buffers[b].at : used;
        for (size_t i = from; i < to; i++) {
            if (memory[i] == UNTOUCHED) continue;
            fprintf(stderr, "bits: %s wrote outside its buffers, with %zu rows and %zu columns\n", name, rows, columns);
            exit(2);
        }
        if (b < buffer_count) from = to + buffers[b].count * element_size[buffers[b].of];
    }
}

static uint64_t try_kernel(size_t k, int tells) {
    uint64_t hash = 0;
    size_t call = 0;
    for (kind = 0; kind < KINDS; kind++)
        for (size_t s = 0; s < TURNS * SHAPES; s++, call++) {
            rows = shapes[s % SHAPES].rows;
            columns = shapes[s % SHAPES].columns;
            count = rows * columns;
            state = 0;
            for (const char *c = kernels[k].name; *c; c++) state = mix(state + (uint8_t)*c);
            state = mix(state + call);
            used = buffer_count = 0;
            kernels[k].call();
            check_margins(kernels[k].name);
            for (size_t b = 0; b < buffer_count; b++)
                for (size_t i = 0; i < buffers[b].count; i++) {
                    uint64_t x = bits_at(b, i);
                    hash = mix(hash * 31 + x + 1);
                    if (tells) printf("%zu %zu %zu %0*llx\n", call, b, i, (int)(2 * element_size[buffers[b].of]), (unsigned long long)x);
                }
        }
    return hash;
}

int main(int argc, char **argv) {
    static const char *const levels[CK_LEVELS] = {"baseline", "avx2", "avx512", "avx512-bf16", "neon"};
    int level = 0;
    while (argc > 1 && level < CK_LEVELS && strcmp(argv[1], levels[level]) != 0) level++;
    if (argc < 2 || argc > 3 || level == CK_LEVELS) {
        fprintf(stderr, "usage: bits baseline|avx2|avx512|avx512-bf16|neon [kernel]\n");
        return 64;
    }
    if (!ck_level_available(level)) return 3;
    ck_select_level(level);
    ck_set_floating_point_modes();
    for (size_t k = 0; k < KERNELS; k++) {
        int tells = argc == 3;
        if (tells && strcmp(argv[2], kernels[k].name) != 0) continue;
        uint64_t hash = try_kernel(k, tells);
        if (!tells) printf("%s %016llx\n", kernels[k].name, (unsigned long long)hash);
    }
    return 0;
}
