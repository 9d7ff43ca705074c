// Softmax of the rows of a (rows, columns) matrix, and functions based on it. Column c of a row belongs to lane c mod 16.

// The largest of a row. A NaN is skipped here; the exponentials return it.
INLINE float largest(const float *x, size_t n) {
    const f32x16 lowest = -__builtin_inff();
    f32x16 most = lowest;
    for (size_t at = 0; at < n; at += LANES) {
        size_t left = n - at < LANES ? n - at : LANES;
        f32x16 v = choose(lanes_below(left), take(x + at, left), lowest);
        most = choose(v > most, v, most);
    }
    float result = most[0];
    for (size_t j = 1; j < LANES; j++) result = most[j] > result ? most[j] : result;
    return result;
}

// y = e^(x − most), whose sum is returned.
INLINE double exponentials(const float *x, float most, float *y, size_t n) {
    SUM_OVER(n, {
        f32x16 e = exp_lanes(take(x + at, left) - most);
        give(y + at, e, left);
        lanes += widen(first_lanes(e, left));
    })
}

INLINE void divide(float *y, float divisor, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = y[i] / divisor;
}

INLINE double dot(const float *x, const float *y, size_t n) {
    SUM_OVER(n, lanes += widen(take(x + at, left)) * widen(take(y + at, left));)
}

static void loop_softmax(const float *x, float *y, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns)
        divide(y, (float)exponentials(x, largest(x, columns), y, columns), columns);
}

// dx = y (dy − Σ dy y).
static void loop_softmax_backward(const float *dy, const float *y, float *dx, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, dy += columns, y += columns, dx += columns) {
        float mean = (float)dot(dy, y, columns);
        for (size_t c = 0; c < columns; c++) dx[c] = y[c] * (dy[c] - mean);
    }
}

// Σ log Σ e^z − z_label over the rows, row r in lane r mod 16; gradient softmax − onehot.
static double loop_softmax_cross_entropy(const float *logits, const uint8_t *labels, float *gradient, size_t rows, size_t columns) {
    f64x16 lanes = 0;
    for (size_t r = 0; r < rows; r++, logits += columns, gradient += columns) {
        float most = largest(logits, columns);
        double below = (double)most - (double)logits[labels[r]];  // before the gradient may overwrite the logits
        double sum = exponentials(logits, most, gradient, columns);
        divide(gradient, (float)sum, columns);
        gradient[labels[r]] = gradient[labels[r]] - 1.0f;
        lanes[r % LANES] += ck_logarithm(sum) + below;
    }
    return add_lanes(lanes);
}

// In double precision throughout, with the row's largest left out of the sum, so that probabilities that would round to 1 stay distinct.
static void loop_log_softmax(const float *x, double *y, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        size_t top = 0;
        for (size_t c = 1; c < columns; c++) top = x[c] > x[top] ? c : top;
        double others = 0.0;
        for (size_t c = 0; c < columns; c++) {
            y[c] = (double)x[c] - (double)x[top];
            if (c != top) others = others + ck_exponential(y[c]);
        }
        double sum = ck_logarithm_of_one_and(others);
        for (size_t c = 0; c < columns; c++) y[c] = y[c] - sum;
    }
}
