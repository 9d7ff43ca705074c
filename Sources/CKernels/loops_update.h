// Updates in one fused pass over the parameters, and the hash of the sums they use.

#define HASH_MULTIPLIER 0xFFFFDA61u /* makes x → low(x) · P + high(x) a multiply-with-carry generator of full period */

INLINE uint64_t mix(uint64_t x) {  // Steele, Lea, Flood: SplitMix64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

INLINE u64x16 absorb(u64x16 lanes, const void *bytes) {
    u64x16 data;
    __builtin_memcpy(&data, bytes, sizeof data);
    lanes ^= data;
    return (lanes & 0xFFFFFFFFu) * HASH_MULTIPLIER + (lanes >> 32);
}

// Sixteen 64-bit lanes take 128 bytes a turn; the last turn is padded with zeros and the count enters at the end.
INLINE uint64_t hash_block(const int32_t *sum, size_t n) {
    enum { TURN = 2 * LANES };
    u64x16 lanes;
    for (size_t j = 0; j < LANES; j++) lanes[j] = (j + 1) * 0x9E3779B97F4A7C15u;
    size_t i = 0;
    for (; i + TURN <= n; i += TURN) lanes = absorb(lanes, sum + i);
    if (i < n) {
        int32_t padded[TURN] = {0};
        __builtin_memcpy(padded, sum + i, (n - i) * sizeof(int32_t));
        lanes = absorb(lanes, padded);
    }
    uint64_t h = n;
    for (size_t j = 0; j < LANES; j++) h = mix(h * 0x9E3779B97F4A7C15u + lanes[j]);
    return h;
}

static void loop_hash_blocks(const int32_t *sum, size_t n, uint64_t *digests) {
    for (size_t at = 0; at < n; at += CK_HASH_BLOCK)
        *digests++ = hash_block(sum + at, n - at < CK_HASH_BLOCK ? n - at : CK_HASH_BLOCK);
}

// (Float(sum) · u) / B, in that order.
INLINE float gradient_of(int32_t sum, float unit, float minibatch) { return ((float)sum * unit) / minibatch; }

static void loop_gradient(const int32_t *sum, float unit, float minibatch, float *gradient, size_t n) {
    for (size_t i = 0; i < n; i++) gradient[i] = gradient_of(sum[i], unit, minibatch);
}

// Walks over the blocks of the hash, so that `sum` is in the cache when the update reads it.
#define EACH_BLOCK(n, body)                                                          \
    for (size_t from = 0; from < (n); from += CK_HASH_BLOCK) {                       \
        size_t to = (n) - from < CK_HASH_BLOCK ? (n) : from + CK_HASH_BLOCK;         \
        if (digests) *digests++ = hash_block(sum + from, to - from);                 \
        _Pragma("clang loop vectorize(assume_safety)")                               \
        for (size_t i = from; i < to; i++) body                                      \
    }

// A moment that becomes subnormal is set to 0. Moments of weights whose gradients are gone would stay subnormal for ever, and CPUs take up to a
// hundred cycles for each. A NaN stays.
INLINE float normal_or_zero(float x) { return __builtin_fabsf(x) < 0x1p-126f ? 0.0f : x; }

static void loop_update_sgd(float *w, float *v, const int32_t *sum, size_t n, float unit, float minibatch, float rate,
                            float momentum, uint64_t *digests) {
    EACH_BLOCK(n, {
        float g = gradient_of(sum[i], unit, minibatch);
        v[i] = normal_or_zero(momentum * v[i] + g);
        w[i] = w[i] - rate * v[i];
    })
}

// Kingma and Ba, "Adam", 2015, algorithm 1.
static void loop_update_adam(float *w, float *m, float *v, const int32_t *sum, size_t n, float unit, float minibatch, float rate,
                             float beta1, float beta2, float epsilon, float beta1_power, float beta2_power, uint64_t *digests) {
    EACH_BLOCK(n, {
        float g = gradient_of(sum[i], unit, minibatch);
        m[i] = normal_or_zero(beta1 * m[i] + (1.0f - beta1) * g);
        v[i] = normal_or_zero(beta2 * v[i] + (1.0f - beta2) * (g * g));
        float first = m[i] / (1.0f - beta1_power);
        float second = v[i] / (1.0f - beta2_power);
        w[i] = w[i] - rate * first / (__builtin_elementwise_sqrt(second) + epsilon);
    })
}

static void loop_update_average(float *average, const float *w, float decay, size_t n) {
    for (size_t i = 0; i < n; i++) average[i] = average[i] + (1.0f - decay) * (w[i] - average[i]);
}
