// Loops that treat each element by itself (plus the column sums). B rows, O columns, row-major.

static void loop_add_bias(float *y, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, y += columns)
        for (size_t c = 0; c < columns; c++) y[c] = y[c] + bias[c];
}

// A NaN passes: it must reach the gradient, where it is noticed.
static void loop_add_bias_relu(float *y, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, y += columns)
        for (size_t c = 0; c < columns; c++) {
            float v = y[c] + bias[c];
            y[c] = v < 0.0f ? 0.0f : v;
        }
}

// Compares bits: negative numbers down to −∞ become 0; −0 and NaN stay.
static void loop_relu(float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t b;
        __builtin_memcpy(&b, y + i, sizeof b);
        b = b - 0x80000001u < 0x7F800000u ? 0 : b;
        __builtin_memcpy(y + i, &b, sizeof b);
    }
}

static void loop_relu_backward(float *dy, const float *y, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(dy + i, choose(load(y + i) > (f32x16)0.0f, load(dy + i), (f32x16)0.0f));
    for (; i < n; i++) dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static void loop_sigmoid_backward(float *dy, const float *y, size_t n) {
    for (size_t i = 0; i < n; i++) dy[i] = dy[i] * (y[i] * (1.0f - y[i]));
}

// Each column is summed in the order of the rows; 64 columns stay in registers over all rows.
static void loop_column_sums(const float *x, size_t rows, size_t columns, float *sums) {
    enum { STRIPE = 4 };
    size_t c = 0;
    for (; c + STRIPE * LANES <= columns; c += STRIPE * LANES) {
        f32x16 s[STRIPE] = {0};
        const float *row = x + c;
        for (size_t r = 0; r < rows; r++, row += columns)
            for (size_t j = 0; j < STRIPE; j++) s[j] = s[j] + load(row + j * LANES);
        for (size_t j = 0; j < STRIPE; j++) store(sums + c + j * LANES, s[j]);
    }
    for (; c < columns; c += LANES) {
        size_t left = columns - c < LANES ? columns - c : LANES;
        f32x16 s = 0;
        const float *row = x + c;
        for (size_t r = 0; r < rows; r++, row += columns) s = s + (left == LANES ? load(row) : load_part(row, left));
        store_part(sums + c, s, left);
    }
}

static void loop_bytes_to_unit(const uint8_t *bytes, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (float)bytes[i] / 255.0f;
}

static void loop_standardise(float *y, const float *mean, const float *scale, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (y[i] - mean[i]) * scale[i];
}

static void loop_unstandardise(float *y, const float *mean, const float *std, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = mean[i] + std[i] * y[i];
}

static void loop_axpy(float a, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = y[i] + a * x[i];
}

static void loop_scale(float a, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = a * x[i];
}

static void loop_add(const float *a, const float *b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void loop_multiply(const float *a, const float *b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

static void loop_squared_distances(const float *a, size_t n, const float *b, size_t m, size_t d, float *distances) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            float sum = 0.0f;
            for (size_t k = 0; k < d; k++) {
                float difference = a[i * d + k] - b[j * d + k];
                sum = sum + difference * difference;
            }
            distances[i * m + j] = sum;
        }
}
