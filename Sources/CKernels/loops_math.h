// Elementary functions on 16 lanes, from + − × ÷, comparisons and integer operations only.
//
// The polynomials are those of Stephen Moshier's Cephes library (single precision). The logarithm treats subnormal arguments as zero, and the
// exponential replaces subnormal results by zero.

enum { EXPONENT_BIAS = 127, MANTISSA_BITS = 23 };
#define ROUNDER 12582912.0f /* 1.5 · 2^23: adding it leaves the nearest integer in the low bits */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define EXP_LOWEST -87.3365402f /* below it the result would be subnormal */
#define EXP_HIGHEST 88.7228317f /* above it the result is not finite */

INLINE f32x16 power_of_two(i32x16 n) { return from_bits((u32x16)(n + EXPONENT_BIAS) << MANTISSA_BITS); }

INLINE f32x16 exp_lanes(f32x16 x) {
    f32x16 c = choose(x < (f32x16)EXP_LOWEST, (f32x16)EXP_LOWEST, x);
    c = choose(c > (f32x16)EXP_HIGHEST, (f32x16)EXP_HIGHEST, c);
    f32x16 t = c * 1.44269504088896341f + ROUNDER;
    i32x16 n = (i32x16)bits(t) - 0x4B400000;
    f32x16 k = t - ROUNDER;
    f32x16 r = c - k * LN2_HIGH;
    r = r - k * LN2_LOW;
    f32x16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    i32x16 half = n >> 1;  // 2^n in two factors, because 2^128 is not a float
    f32x16 y = p * power_of_two(half) * power_of_two(n - half);
    y = choose(x < (f32x16)EXP_LOWEST, (f32x16)0.0f, y);
    y = choose(x > (f32x16)EXP_HIGHEST, (f32x16)__builtin_inff(), y);
    return choose(x != x, x, y);
}

INLINE f32x16 log_lanes(f32x16 x) {
    u32x16 b = bits(x);
    i32x16 e = (i32x16)(b >> MANTISSA_BITS) - (EXPONENT_BIAS - 1);
    f32x16 m = from_bits((b & 0x007FFFFFu) | 0x3F000000u);  // in [0.5, 1)
    i32x16 low = m < (f32x16)0.707106781186547524f;
    e = e + low;  // a mask is −1
    m = choose(low, m + m, m) - 1.0f;
    f32x16 k = __builtin_convertvector(e, f32x16);
    f32x16 z = m * m;
    f32x16 p = m * 7.0376836292e-2f - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    f32x16 y = p * m * z;
    y = y + k * LN2_LOW;
    y = y - 0.5f * z;
    y = (m + y) + k * LN2_HIGH;
    u32x16 size = b & 0x7FFFFFFFu;
    y = choose((i32x16)(b == 0x7F800000u), x, y);
    y = choose((i32x16)(b > 0x80000000u), (f32x16)__builtin_nanf(""), y);
    y = choose((i32x16)(size < 0x00800000u), (f32x16)-__builtin_inff(), y);
    return choose(x != x, x, y);
}

// log(1 + e) for e in [0, 1]: adds back what rounding 1 + e lost.
INLINE f32x16 log1p_lanes(f32x16 e) {
    f32x16 u = 1.0f + e;
    return log_lanes(u) + (e - (u - 1.0f)) / u;
}

INLINE f32x16 tanh_lanes(f32x16 x) {
    f32x16 a = magnitude(x);
    f32x16 large = 1.0f - 2.0f / (exp_lanes(a + a) + 1.0f);
    large = from_bits(bits(large) | (bits(x) & 0x80000000u));
    f32x16 z = x * x;
    f32x16 p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    f32x16 y = choose(a > (f32x16)0.625f, large, p * z * x + x);
    return choose(x != x, x, y);
}

// 1 / (1 + e^−x) from e = e^−|x|, which never overflows.
INLINE f32x16 sigmoid_from(f32x16 x, f32x16 e) {
    return choose(x < (f32x16)0.0f, e, (f32x16)1.0f) / (1.0f + e);
}
INLINE f32x16 softplus_from(f32x16 x, f32x16 e) { return choose(x > (f32x16)0.0f, x, (f32x16)0.0f) + log1p_lanes(e); }
INLINE f32x16 sigmoid_lanes(f32x16 x) { return sigmoid_from(x, exp_lanes(-magnitude(x))); }
INLINE f32x16 softplus_lanes(f32x16 x) { return softplus_from(x, exp_lanes(-magnitude(x))); }

#define MAP(name)                                                                                        \
    static void loop_##name(const float *x, float *y, size_t n) {                                        \
        size_t i = 0;                                                                                    \
        for (; i + LANES <= n; i += LANES) store(y + i, name##_lanes(load(x + i)));                      \
        if (i < n) store_part(y + i, name##_lanes(load_part(x + i, n - i)), n - i);                      \
    }
MAP(exp)
MAP(log)
MAP(tanh)
MAP(sigmoid)
MAP(softplus)
#undef MAP

// Sine and cosine go through double precision one element at a time: few are needed (priors), and arguments of any size work.
static void loop_sin(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = ck_sine(x[i], 0);
}
static void loop_cos(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = ck_sine(x[i], 1);
}
