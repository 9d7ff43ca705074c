// The exact sum: gradients rounded to integer multiples of a unit and added.

static uint32_t loop_maximum_bits(const float *g, size_t n) {
    u32x16 most = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) most = maximum_of(most, bits(magnitude(load(g + i))));
    if (i < n) most = maximum_of(most, bits(magnitude(load_part(g + i, n - i))));
    return maximum_lane(most);
}

// q = g · scale to nearest even, with `limit` = 2^(n−1) − 1 for n up to 31. `scale` is a power of two, so the product is
// exact, or so small that it rounds to 0, or so large that it is clamped. Up to 2^23 adding and taking off 2^23 rounds;
// from there on a float is an integer. 2^30 + 1 is no float, so the clamp is made twice: to 2^30 as a float, to the limit as an integer.
INLINE i32x16 quantise(f32x16 g, float scale, int32_t limit, u32x16 *most, i32x16 *clamped) {
    u32x16 size = bits(magnitude(g));
    *most = maximum_of(*most, size);
    f32x16 a = select((i32x16)(size < 0x7F800000u), magnitude(g), (f32x16)0.0f) * scale;
    a = select(a > (f32x16)0x1p30f, (f32x16)0x1p30f, a);
    f32x16 rounded = select(a < (f32x16)0x1p23f, (a + 0x1p23f) - 0x1p23f, a);
    i32x16 q = __builtin_convertvector(rounded, i32x16);
    i32x16 over = q > limit;
    *clamped -= over;  // a mask is −1
    q = __builtin_elementwise_min(q, (i32x16)limit);
    i32x16 sign = (i32x16)bits(g) >> 31;
    return (q ^ sign) - sign;
}

static uint32_t loop_exact_add(const float *g, int32_t *sum, size_t n, float scale, int32_t limit, uint64_t *clamped) {
    enum { STRETCH = 1 << 30 }; /* elements after which the 32-bit lane counters are emptied */
    u32x16 most = 0;
    i32x16 count = 0;
    size_t i = 0;
    *clamped = 0;
    for (; i + LANES <= n; i += LANES) {
        i32x16 s;
        __builtin_memcpy(&s, sum + i, sizeof s);
        s += quantise(load(g + i), scale, limit, &most, &count);
        __builtin_memcpy(sum + i, &s, sizeof s);
        if (__builtin_expect((i & (STRETCH - 1)) == STRETCH - LANES, 0)) {
            for (size_t j = 0; j < LANES; j++) *clamped += (uint32_t)count[j];
            count = 0;
        }
    }
    if (i < n) {
        i32x16 q = quantise(load_part(g + i, n - i), scale, limit, &most, &count);
        for (size_t j = 0; j < n - i; j++) sum[i + j] += q[j];
    }
    for (size_t j = 0; j < LANES; j++) *clamped += (uint32_t)count[j];
    return maximum_lane(most);
}
