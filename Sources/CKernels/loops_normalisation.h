// Batch norm of the columns of a (rows, columns) matrix: x̂ = (x − mean) / √(variance + 1e-5), y = γ x̂ + β.
//
// Sums of a column run over the rows in their order, in double precision. Sixteen columns at a time are taken through all rows, so that a column's
// data stays in registers.

#define NORMALISATION_EPSILON 1e-5f

INLINE void give_wide(double *p, f64x16 v, size_t left) { __builtin_memcpy(p, &v, left * sizeof(double)); }
INLINE f64x16 take_wide(const double *p, size_t left) {
    double padded[LANES] = {0};
    __builtin_memcpy(padded, p, left * sizeof(double));
    f64x16 v;
    __builtin_memcpy(&v, padded, sizeof v);
    return v;
}
INLINE f32x16 narrow(f64x16 x) { return __builtin_convertvector(x, f32x16); }

// What turns a column's values into x̂.
typedef struct { f32x16 mean, factor; } normaliser;
INLINE normaliser normaliser_of(const float *mean, const float *variance, size_t left) {
    f32x16 deviation = __builtin_elementwise_sqrt(take(variance, left) + NORMALISATION_EPSILON);
    return (normaliser){take(mean, left), 1.0f / deviation};
}
INLINE f32x16 normalised(f32x16 x, normaliser by) { return (x - by.mean) * by.factor; }

// Runs `body` for 16 columns at a time, from column `c`, of which `left` exist.
#define EACH_STRIPE(body)                                                      \
    for (size_t c = 0; c < columns; c += LANES) {                              \
        size_t left = columns - c < LANES ? columns - c : LANES;               \
        body                                                                   \
    }

// Σ x and Σ x².
static void loop_column_moments(const float *x, size_t rows, size_t columns, double *sums) {
    EACH_STRIPE({
        f64x16 sum = 0;
        f64x16 squares = 0;
        for (size_t r = 0; r < rows; r++) {
            f64x16 v = widen(take(x + r * columns + c, left));
            sum = sum + v;
            squares = squares + v * v;
        }
        give_wide(sums + c, sum, left);
        give_wide(sums + columns + c, squares, left);
    })
}

// The biased variance; rounding must not make it negative.
static void loop_mean_and_variance(const double *sums, double rows, float *mean, float *variance, size_t columns) {
    for (size_t c = 0; c < columns; c++) {
        double m = sums[c] / rows;
        double v = sums[columns + c] / rows - m * m;
        mean[c] = (float)m;
        variance[c] = v < 0.0 ? 0.0f : (float)v;
    }
}

static void loop_normalise(const float *x, const float *mean, const float *variance, const float *gamma, const float *beta,
                           float *y, size_t rows, size_t columns) {
    EACH_STRIPE({
        normaliser by = normaliser_of(mean + c, variance + c, left);
        f32x16 g = take(gamma + c, left);
        f32x16 b = take(beta + c, left);
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * columns + c;
            give(y + at, g * normalised(take(x + at, left), by) + b, left);
        }
    })
}

// Σ dy and Σ dy x̂: the gradients of β and γ, and what the gradient of x needs from the whole minibatch.
static void loop_normalise_sums(const float *dy, const float *x, const float *mean, const float *variance, size_t rows,
                                size_t columns, double *sums) {
    EACH_STRIPE({
        normaliser by = normaliser_of(mean + c, variance + c, left);
        f64x16 sum = 0;
        f64x16 products = 0;
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * columns + c;
            f64x16 d = widen(take(dy + at, left));
            sum = sum + d;
            products = products + d * widen(normalised(take(x + at, left), by));
        }
        give_wide(sums + c, sum, left);
        give_wide(sums + columns + c, products, left);
    })
}

// dx = γ / √(variance + 1e-5) · (dy − Σ dy / B − x̂ · Σ dy x̂ / B), the sums over the B rows that made mean and variance.
static void loop_normalise_backward(const float *dy, const float *x, const float *mean, const float *variance, const float *gamma,
                                    const double *sums, double minibatch, float *dx, size_t rows, size_t columns) {
    EACH_STRIPE({
        normaliser by = normaliser_of(mean + c, variance + c, left);
        f32x16 factor = take(gamma + c, left) * by.factor;
        f32x16 constant = narrow(take_wide(sums + c, left) / minibatch);
        f32x16 slope = narrow(take_wide(sums + columns + c, left) / minibatch);
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * columns + c;
            f32x16 along = normalised(take(x + at, left), by) * slope;
            give(dx + at, factor * ((take(dy + at, left) - constant) - along), left);
        }
    })
}
