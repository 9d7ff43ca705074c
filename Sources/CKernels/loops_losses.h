// Sums in double precision over 16 fixed lanes, and the losses that are such sums.

// Runs `body` for each 16 elements from `at`, of which `left` exist; it adds to `lanes`, whose sum is returned.
#define SUM_OVER(n, body)                                              \
    f64x16 lanes = 0;                                                  \
    for (size_t at = 0; at < (n); at += LANES) {                       \
        size_t left = (n) - at < LANES ? (n) - at : LANES;             \
        body                                                           \
    }                                                                  \
    return add_lanes(lanes);

static double loop_sum(const float *x, size_t n) { SUM_OVER(n, lanes += widen(take(x + at, left));) }

static double loop_sum_of_squares(const float *x, size_t n) {
    SUM_OVER(n, f64x16 v = widen(take(x + at, left)); lanes += v * v;)
}

static double loop_squared_error(const float *x, const float *y, size_t n) {
    SUM_OVER(n, f64x16 d = widen(take(x + at, left) - take(y + at, left)); lanes += d * d;)
}

// ½ Σ (y − t)²; gradient y − t.
static double loop_half_squared_error(const float *y, const float *target, float *gradient, size_t n) {
    SUM_OVER(n, {
        f32x16 d = take(y + at, left) - take(target + at, left);
        give(gradient + at, d, left);
        f64x16 wide = widen(d);
        lanes += 0.5 * (wide * wide);
    })
}

// The same with y the sigmoid of the logits; gradient (y − t) · y · (1 − y).
static double loop_sigmoid_half_squared_error(const float *logits, const float *target, float *output, float *gradient, size_t n) {
    SUM_OVER(n, {
        f32x16 t = take(target + at, left);
        f32x16 y = sigmoid_lanes(take(logits + at, left));
        f32x16 d = y - t;
        give(output + at, y, left);
        give(gradient + at, d * (y * (1.0f - y)), left);
        f64x16 wide = widen(first_lanes(d, left));
        lanes += 0.5 * (wide * wide);
    })
}

// Σ softplus(z) − t z, which is −t log σ(z) − (1 − t) log(1 − σ(z)); gradient σ(z) − t.
static double loop_cross_entropy(const float *logits, const float *target, float *gradient, size_t n) {
    SUM_OVER(n, {
        f32x16 z = take(logits + at, left);
        f32x16 t = take(target + at, left);
        f32x16 e = exp_lanes(-magnitude(z));
        give(gradient + at, sigmoid_from(z, e) - t, left);
        lanes += widen(first_lanes(softplus_from(z, e) - t * z, left));
    })
}

// Real: Σ −log σ(z), gradient σ(z) − 1 = −σ(−z). Otherwise: Σ −log(1 − σ(z)), gradient σ(z).
static double loop_adversarial(const float *logits, int real, float *gradient, size_t n) {
    const float sign = real ? -1.0f : 1.0f;
    SUM_OVER(n, {
        f32x16 z = sign * take(logits + at, left);
        f32x16 e = exp_lanes(-magnitude(z));
        give(gradient + at, sign * sigmoid_from(z, e), left);
        lanes += widen(first_lanes(softplus_from(z, e), left));
    })
}
