// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), sixteen blocks at a time.

typedef struct { u32x16 word[4]; } philox_blocks;
enum { GROUP = 4 * LANES }; /* elements made at once */

INLINE philox_blocks philox(uint32_t k0, uint32_t k1, u32x16 c0, uint32_t row, uint32_t c2_first, uint32_t c3_first) {
    u32x16 c1 = row, c2 = c2_first, c3 = c3_first;
    for (int round = 0; round < 10; round++) {
        u64x16 a = __builtin_convertvector(c0, u64x16) * 0xD2511F53u;
        u64x16 b = __builtin_convertvector(c2, u64x16) * 0xCD9E8D57u;
        c0 = __builtin_convertvector(b >> 32, u32x16) ^ c1 ^ k0;
        c2 = __builtin_convertvector(a >> 32, u32x16) ^ c3 ^ k1;
        c1 = __builtin_convertvector(b, u32x16);
        c3 = __builtin_convertvector(a, u32x16);
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
    typedef uint32_t u32x4 __attribute__((ext_vector_type(4)));
#define QUARTET(j) { u32x4 q = {v0[j], v1[j], v2[j], v3[j]}; __builtin_memcpy(out + 4 * (j), &q, sizeof q); }
    QUARTET(0) QUARTET(1) QUARTET(2) QUARTET(3) QUARTET(4) QUARTET(5) QUARTET(6) QUARTET(7)
    QUARTET(8) QUARTET(9) QUARTET(10) QUARTET(11) QUARTET(12) QUARTET(13) QUARTET(14) QUARTET(15)
#undef QUARTET
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
    *cosine = from_bits(bits(select(swapped, s, c)) ^ (((quarter + 1u) & 2u) << 30));
    *sine = from_bits(bits(select(swapped, c, s)) ^ ((quarter & 2u) << 30));
}

// Box–Muller: the first word gives the radius, the second the angle.
INLINE void normal_pair(u32x16 w0, u32x16 w1, float std, f32x16 *x, f32x16 *y) {
    f32x16 radius = std * __builtin_elementwise_sqrt(-2.0f * log_lanes(unit_interval(w0)));
    turn(w1, x, y);
    *x = *x * radius;
    *y = *y * radius;
}

#define FILL(body)                                                                        \
    for (size_t at = 0; at < n; at += GROUP) {                                            \
        size_t left = n - at < GROUP ? n - at : GROUP;                                    \
        uint32_t group[GROUP];                                                            \
        philox_blocks p = philox(k0, k1, block_numbers(at), c1, c2, c3);                  \
        u32x16 w0 = p.word[0], w1 = p.word[1], w2 = p.word[2], w3 = p.word[3];            \
        body                                                                              \
        __builtin_memcpy(out + at, group, left * sizeof(uint32_t));                       \
    }

static void loop_philox_words(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t *out, size_t n) {
    FILL(interleave(group, w0, w1, w2, w3);)
}

static void loop_philox_uniform(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, float *out, size_t n) {
    FILL(interleave(group, bits(unit_interval(w0)), bits(unit_interval(w1)), bits(unit_interval(w2)), bits(unit_interval(w3)));)
}

static void loop_philox_normal(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, float std, float *out, size_t n) {
    FILL({
        f32x16 a; f32x16 b; f32x16 c; f32x16 d;
        normal_pair(w0, w1, std, &a, &b);
        normal_pair(w2, w3, std, &c, &d);
        interleave(group, bits(a), bits(b), bits(c), bits(d));
    })
}
