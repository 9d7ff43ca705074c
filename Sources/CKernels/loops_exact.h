// The exact sum: gradients rounded to integer multiples of a unit and added.

static uint32_t loop_maximum_bits(const float *g, size_t n) {
    u32x16 most = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) most = maximum_of(most, bits(magnitude(load(g + i))));
    if (i < n) most = maximum_of(most, bits(magnitude(load_part(g + i, n - i))));
    return maximum_lane(most);
}

// q = g · scale to nearest even, with `limit` = 2^(n−1) − 1 for n up to 31. `scale` is a power of two, so the product is exact, or so small that it
// rounds to 0, or so large that it is clamped. 2^30 is a float and 2^30 − 1 is not, so there are two clamps: to 2^30 as a float, to the limit as an
// integer.
INLINE i32x16 quantise(f32x16 g, float scale, int32_t limit, i32x16 *clamped) {
    u32x16 size = bits(magnitude(g));
    f32x16 a = choose((i32x16)(size < 0x7F800000u), magnitude(g), (f32x16)0.0f) * scale;
    a = choose(a > (f32x16)0x1p30f, (f32x16)0x1p30f, a);
    i32x16 q = nearest(a);
    *clamped -= q > limit;  // a mask is −1
    q = __builtin_elementwise_min(q, (i32x16)limit);
    i32x16 sign = (i32x16)bits(g) >> 31;
    return (q ^ sign) - sign;
}

INLINE void add_to(int32_t *sum, i32x16 q) {
    i32x16 s;
    __builtin_memcpy(&s, sum, sizeof s);
    s += q;
    __builtin_memcpy(sum, &s, sizeof s);
}

// Adds any number of elements, with clamping and values that are not finite.
static __attribute__((noinline)) uint64_t add_carefully(const float *g, int32_t *sum, size_t n, float scale, int32_t limit) {
    i32x16 clamped = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) add_to(sum + i, quantise(load(g + i), scale, limit, &clamped));
    if (i < n) {
        i32x16 q = quantise(load_part(g + i, n - i), scale, limit, &clamped);
        for (size_t j = 0; j < n - i; j++) sum[i + j] += q[j];
    }
    uint64_t count = 0;
    for (size_t j = 0; j < LANES; j++) count += (uint32_t)clamped[j];
    return count;
}

// Groups whose magnitudes are all below half the limit need only be rounded and added; the headroom makes this the usual case.
static uint32_t loop_exact_add(const float *g, int32_t *sum, size_t n, float scale, int32_t limit, uint64_t *clamped) {
    enum { VECTORS = 4, ADD_GROUP = VECTORS * LANES };
    const float half_limit = (float)(limit / 2 + 1) / scale;
    uint32_t safe;
    __builtin_memcpy(&safe, &half_limit, sizeof safe);
    u32x16 most = 0;
    uint64_t count = 0;
    size_t i = 0;
    for (; i + ADD_GROUP <= n; i += ADD_GROUP) {
        f32x16 v[VECTORS];
        u32x16 size = 0;
        for (size_t j = 0; j < VECTORS; j++) {
            v[j] = load(g + i + j * LANES);
            size = maximum_of(size, bits(magnitude(v[j])));
        }
        most = maximum_of(most, size);
        if (__builtin_expect(any_at_least(size, safe), 0)) {
            count += add_carefully(g + i, sum + i, ADD_GROUP, scale, limit);
            continue;
        }
        for (size_t j = 0; j < VECTORS; j++) add_to(sum + i + j * LANES, nearest(v[j] * scale));
    }
    for (size_t j = i; j < n; j += LANES)
        most = maximum_of(most, bits(magnitude(n - j < LANES ? load_part(g + j, n - j) : load(g + j))));
    *clamped = count + add_carefully(g + i, sum + i, n - i, scale, limit);
    return maximum_lane(most);
}

// The same with stochastic rounding (Gupta et al., 2015): to the nearest integer of g · scale + u − 1/2, u uniform in (0, 1), so that values below
// half a unit are right on average instead of lost, and 0 stays 0. `first`, the number of the first element in its row, is a multiple of four.
static uint32_t loop_exact_add_stochastic(const float *g, int32_t *sum, size_t n, float scale, int32_t limit, uint32_t k0, uint32_t k1,
                                          uint32_t c1, uint32_t c2, uint32_t c3, size_t first, uint64_t *clamped) {
    u32x16 most = 0;
    uint64_t count = 0;
    for (size_t at = 0; at < n; at += GROUP) {
        size_t group = n - at < GROUP ? n - at : GROUP;
        uint32_t words[GROUP];
        float v[GROUP];
        philox_blocks p = philox(k0, k1, block_numbers(first + at), c1, c2, c3);
        interleave(words, p.word[0], p.word[1], p.word[2], p.word[3]);
        for (size_t i = 0; i < group; i += LANES) {
            f32x16 value = take(g + at + i, group - i < LANES ? group - i : LANES);
            u32x16 word;
            __builtin_memcpy(&word, words + i, sizeof word);
            most = maximum_of(most, bits(magnitude(value)));
            store(v + i, value * scale + (unit_interval(word) - 0.5f));
        }
        count += add_carefully(v, sum + at, group, 1.0f, limit);
    }
    *clamped = count;
    return maximum_lane(most);
}
