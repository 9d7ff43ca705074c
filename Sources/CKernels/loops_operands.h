// Operands of products as tiles read them: in slots of 32 bits. A tile's slots lie side by side, one step of the inner index after another.
//
// In single precision a slot is a float and a step one value of the inner index k. With operands in bf16 two values are a link of the chain,
// the odd one first: c = fma(x0, w0, fma(x1, w1, c)). There a slot is such a pair where the CPU has an instruction for it, and a step has both;
// elsewhere it is a float whose lower half is zero, and of each two steps the odd value is the first. An odd k ends in a pair with zeros.

// Floats of a register.
#if IS_AVX512
#define WIDTH 16
#elif LEVEL == 1
#define WIDTH 8
#else
#define WIDTH 4
#endif

typedef float fvector __attribute__((ext_vector_type(WIDTH)));
typedef uint32_t uvector __attribute__((ext_vector_type(WIDTH)));
typedef uint16_t hvector __attribute__((ext_vector_type(WIDTH)));

INLINE fvector load_vector(const float *p) { fvector v; __builtin_memcpy(&v, p, sizeof v); return v; }
INLINE void store_vector(float *p, fvector v) { __builtin_memcpy(p, &v, sizeof v); }
// The values that exist, followed by zeros.
INLINE fvector load_some(const float *p, size_t n) {
    if (n >= WIDTH) return load_vector(p);
    float padded[WIDTH] = {0};
    __builtin_memcpy(padded, p, n * sizeof(float));
    return load_vector(padded);
}

// Values of the inner index in a slot of bf16.
#if IS_AVX512_BF16
enum { SLOT_VALUES = 2 };
#else
enum { SLOT_VALUES = 1 };
#endif

// Steps of a tile for so many values of the inner index.
INLINE size_t steps_of(size_t k, int is_bf16) {
    if (!is_bf16) return k;
    return SLOT_VALUES == 2 ? (k + 1) / 2 : (k + 1) / 2 * 2;
}

// Rounded to bf16, to nearest even: its bits in the upper half, zeros in the lower. A magnitude below 2^-56 becomes a zero of the same sign. Any other bf16
// number is a multiple of 2^-63, so every chain is made of multiples of 2^-126 and never meets a subnormal number, which only VDPBF16PS would treat as 0.
INLINE uvector to_bf16(fvector x) {
    uvector b = (uvector)x, size = b & 0x7FFFFFFFu;
    uvector nearest = b + 0x7FFFu + ((b >> 16) & 1u);
    uvector is_nan = (uvector)(size > 0x7F800000u), is_tiny = (uvector)(size < 0x23800000u);
    nearest = (is_nan & (b | 0x00400000u)) | (~is_nan & nearest);
    nearest = (is_tiny & (b & 0x80000000u)) | (~is_tiny & nearest);
    return nearest & 0xFFFF0000u;
}

// The slots of the next steps from values that lie one after the other, `n` of which exist.
INLINE fvector next_slots(const float *p, size_t n, int is_bf16) {
    if (!is_bf16) return load_some(p, n);
#if IS_AVX512_BF16
    hvector halves[2];
    for (size_t j = 0; j < 2; j++)
        halves[j] = __builtin_convertvector(to_bf16(load_some(p + j * WIDTH, n > j * WIDTH ? n - j * WIDTH : 0)) >> 16, hvector);
    fvector slots;
    __builtin_memcpy(&slots, halves, sizeof slots);
    return slots;
#else
    fvector v = (fvector)to_bf16(load_some(p, n));
#if IS_AVX512
    return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif LEVEL == 1
    return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#endif
#endif
}

// Two values of k of the same columns, as slots: one vector of pairs, or the odd values and then the even ones.
INLINE void pair_slots(fvector even, fvector odd, float *slots, size_t step) {
#if IS_AVX512_BF16
    (void)step;
    store_vector(slots, (fvector)(to_bf16(odd) | to_bf16(even) >> 16));
#else
    store_vector(slots, (fvector)to_bf16(odd));
    store_vector(slots + step, (fvector)to_bf16(even));
#endif
}

// Stages columns that lie side by side, k rows `p_k` apart, in rows `step` slots apart, filled up with zeros to whole vectors.
INLINE void stage_columns(const float *p, size_t p_k, size_t k, size_t columns, int is_bf16, float *slots, size_t step) {
    if (!is_bf16) {
        for (size_t at = 0; at < k; at++, p += p_k, slots += step)
            for (size_t c = 0; c < columns; c += WIDTH) store_vector(slots + c, load_some(p + c, columns - c));
        return;
    }
    for (size_t at = 0; at < k; at += 2, p += 2 * p_k, slots += 2 / SLOT_VALUES * step)
        for (size_t c = 0; c < columns; c += WIDTH) {
            fvector odd = at + 1 < k ? load_some(p + p_k + c, columns - c) : (fvector)0.0f;
            pair_slots(load_some(p + c, columns - c), odd, slots + c, step);
        }
}

// Rows of a vector each become columns. Each stage moves the highest bit of the index (row, column) to the lowest place.
INLINE void transpose(fvector *v) {
    _Pragma("clang loop unroll(full)")
    for (size_t stage = 1; stage < WIDTH; stage *= 2) {
        fvector t[WIDTH];
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < WIDTH / 2; i++) {
            fvector a = v[i], b = v[i + WIDTH / 2];
#if IS_AVX512
            t[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            t[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif LEVEL == 1
            t[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
            t[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
            t[2 * i] = __builtin_shufflevector(a, b, 0, 4, 1, 5);
            t[2 * i + 1] = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
        }
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < WIDTH; i++) v[i] = t[i];
    }
}

// Stages columns that lie `p_column` apart, each with its k values one after the other, as `stage_columns` does.
INLINE void stage_transposed(const float *p, size_t p_column, size_t k, size_t columns, int is_bf16, float *slots, size_t step) {
    const size_t values = is_bf16 ? WIDTH * SLOT_VALUES : WIDTH, steps = steps_of(k, is_bf16);
    for (size_t c = 0; c < columns; c += WIDTH) {
        size_t some = columns - c < WIDTH ? columns - c : WIDTH;
        for (size_t at = 0, first = 0; at < k; at += values, first += WIDTH) {
            fvector v[WIDTH];
            for (size_t j = 0; j < WIDTH; j++)
                v[j] = j < some ? next_slots(p + (c + j) * p_column + at, k - at, is_bf16) : (fvector)0.0f;
            transpose(v);
            size_t last = steps - first < WIDTH ? steps - first : WIDTH;
            for (size_t j = 0; j < last; j++) store_vector(slots + (first + j) * step + c, v[j]);
        }
    }
}
