// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), sixteen blocks at a time.

typedef struct { u32x16 word[4]; } philox_blocks;
enum { GROUP = 4 * LANES }; /* elements made at once */

// Sixteen products of 32 by 32 bits: even and odd lanes by the 64-bit multiplier, then sorted into upper and lower halves.
typedef struct { u32x16 high, low; } products;
typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));
INLINE products multiply(u32x16 x, uint32_t factor) {
    u64x8 even = ((u64x8)x & 0xFFFFFFFFu) * factor;
    u64x8 odd = ((u64x8)x >> 32) * factor;
    u32x16 e = (u32x16)even, o = (u32x16)odd;
    return (products){
        __builtin_shufflevector(e, o, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31),
        __builtin_shufflevector(e, o, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
    };
}

INLINE philox_blocks philox(uint32_t k0, uint32_t k1, u32x16 c0, uint32_t row, uint32_t c2_first, uint32_t c3_first) {
    u32x16 c1 = row, c2 = c2_first, c3 = c3_first;
    for (int round = 0; round < 10; round++) {
        products a = multiply(c0, 0xD2511F53u);
        products b = multiply(c2, 0xCD9E8D57u);
        c0 = b.high ^ c1 ^ k0;
        c2 = a.high ^ c3 ^ k1;
        c1 = b.low;
        c3 = a.low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (philox_blocks){{c0, c1, c2, c3}};
}

INLINE u32x16 block_numbers(size_t element) {
    const u32x16 index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return index + (uint32_t)(element / 4);
}

// Words of a block become neighbours: out[4 j + w] = v[w][j].
INLINE void interleave(uint32_t *out, u32x16 v0, u32x16 v1, u32x16 v2, u32x16 v3) {
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
    u32x16 even_low = __builtin_shufflevector(v0, v2, LOW), even_high = __builtin_shufflevector(v0, v2, HIGH);
    u32x16 odd_low = __builtin_shufflevector(v1, v3, LOW), odd_high = __builtin_shufflevector(v1, v3, HIGH);
    u32x16 quarter[4] = {
        __builtin_shufflevector(even_low, odd_low, LOW), __builtin_shufflevector(even_low, odd_low, HIGH),
        __builtin_shufflevector(even_high, odd_high, LOW), __builtin_shufflevector(even_high, odd_high, HIGH),
    };
#undef LOW
#undef HIGH
    __builtin_memcpy(out, quarter, sizeof quarter);
}

// Words to uniform numbers in (0, 1): odd multiples of 2^−24, exact in single precision.
INLINE f32x16 unit_interval(u32x16 w) {
    return (__builtin_convertvector((i32x16)(w >> 9), f32x16) + 0.5f) * 0x1p-23f;
}

// Cosine and sine of w · 2^−32 turns; the quarter turn is taken off exactly, in integers.
INLINE void turn(u32x16 w, f32x16 *cosine, f32x16 *sine) {
    u32x16 quarter = (w + 0x20000000u) >> 30;
    i32x16 rest = (i32x16)(w - (quarter << 30));  // within an eighth of a turn
    f32x16 r = __builtin_convertvector(rest, f32x16) * 1.46291807926715968e-9f;  // 2π / 2^32
    f32x16 z = r * r;
    f32x16 s = z * -1.9515295891e-4f + 8.3321608736e-3f;
    s = (s * z - 1.6666654611e-1f) * z * r + r;
    f32x16 c = z * 2.443315711809948e-5f - 1.388731625493765e-3f;
    c = (c * z + 4.166664568298827e-2f) * (z * z) - 0.5f * z + 1.0f;
    i32x16 swapped = (i32x16)((quarter & 1u) != 0u);
    *cosine = from_bits(bits(choose(swapped, s, c)) ^ (((quarter + 1u) & 2u) << 30));
    *sine = from_bits(bits(choose(swapped, c, s)) ^ ((quarter & 2u) << 30));
}

// Box–Muller: the first word gives the radius, the second the angle.
INLINE void normal_pair(u32x16 w0, u32x16 w1, float std, f32x16 *x, f32x16 *y) {
    f32x16 radius = std * __builtin_elementwise_sqrt(-2.0f * log_lanes(unit_interval(w0)));
    turn(w1, x, y);
    *x = *x * radius;
    *y = *y * radius;
}

// Runs `body` for each group of elements of a row, which begin with element `first`, a multiple of four.
#define FILL(first, body)                                                                 \
    for (size_t at = 0; at < n; at += GROUP) {                                            \
        size_t left = n - at < GROUP ? n - at : GROUP;                                    \
        uint32_t group[GROUP];                                                            \
        philox_blocks p = philox(k0, k1, block_numbers((first) + at), c1, c2, c3);        \
        u32x16 w0 = p.word[0], w1 = p.word[1], w2 = p.word[2], w3 = p.word[3];            \
        body                                                                              \
        __builtin_memcpy(out + at, group, left * sizeof(uint32_t));                       \
    }

static void loop_philox_words(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t *out, size_t n) {
    FILL(0, interleave(group, w0, w1, w2, w3);)
}

static void loop_philox_uniform(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, float *out, size_t n) {
    FILL(0, interleave(group, bits(unit_interval(w0)), bits(unit_interval(w1)), bits(unit_interval(w2)), bits(unit_interval(w3)));)
}

static void loop_philox_normal(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, float std, float *out, size_t n) {
    FILL(0, {
        f32x16 a; f32x16 b; f32x16 c; f32x16 d;
        normal_pair(w0, w1, std, &a, &b);
        normal_pair(w2, w3, std, &c, &d);
        interleave(group, bits(a), bits(b), bits(c), bits(d));
    })
}
