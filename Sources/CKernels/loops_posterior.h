// The Gaussian posterior N(μ, σ²) of each row: a row of `head` has `columns` means μ, then as many log σ².

// z = μ + e^(½ log σ²) ε.
static void loop_posterior(const float *head, const float *noise, float *z, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, head += 2 * columns, noise += columns, z += columns)
        for (size_t at = 0; at < columns; at += LANES) {
            size_t left = columns - at < LANES ? columns - at : LANES;
            f32x16 deviation = exp_lanes(0.5f * take(head + columns + at, left));
            give(z + at, take(head + at, left) + deviation * take(noise + at, left), left);
        }
}

// The gradient by μ is dz; by log σ² it is dz · ½ e^(½ log σ²) ε.
static void loop_posterior_backward(const float *dz, const float *head, const float *noise, float *gradient, size_t rows,
                                    size_t columns) {
    for (size_t r = 0; r < rows; r++, dz += columns, head += 2 * columns, noise += columns, gradient += 2 * columns)
        for (size_t at = 0; at < columns; at += LANES) {
            size_t left = columns - at < LANES ? columns - at : LANES;
            f32x16 d = take(dz + at, left);
            f32x16 deviation = exp_lanes(0.5f * take(head + columns + at, left));
            give(gradient + at, d, left);
            give(gradient + columns + at, d * (0.5f * (deviation * take(noise + at, left))), left);
        }
}

// Σ ½ (μ² + σ²) p with p = 1/s², and Σ log σ²: the parts of −H(q) and of the cross-entropy with N(0, s²) that are not constant. Gradient of their
// sum: by μ, μ p; by log σ², ½ (σ² p − 1).
static double loop_posterior_divergence(const float *head, float precision, float *gradient, size_t rows, size_t columns,
                                        double *log_variances) {
    f64x16 sums = 0, logarithms = 0;
    for (size_t r = 0; r < rows; r++, head += 2 * columns, gradient += 2 * columns)
        for (size_t at = 0; at < columns; at += LANES) {
            size_t left = columns - at < LANES ? columns - at : LANES;
            f32x16 mean = take(head + at, left);
            f32x16 logarithm = take(head + columns + at, left);
            f32x16 share = exp_lanes(logarithm) * precision;
            f64x16 wide = widen(mean);
            sums += 0.5 * (wide * wide * (double)precision + widen(first_lanes(share, left)));
            logarithms += widen(logarithm);
            give(gradient + at, mean * precision, left);
            give(gradient + columns + at, 0.5f * (share - 1.0f), left);
        }
    *log_variances = add_lanes(logarithms);
    return add_lanes(sums);
}
