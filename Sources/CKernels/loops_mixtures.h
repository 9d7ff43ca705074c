// The density of many Gaussians of one width at an image: the inner loop of a Parzen window and of similar averages.

// g_j = 2 x_j + offsets_j of one row, whose largest is returned. A NaN is skipped here; the exponentials return it.
INLINE double places(const float *x, const double *offsets, double *g, size_t n) {
    f64x16 most = -__builtin_inf();
    for (size_t at = 0; at < n; at += LANES) {
        size_t left = n - at < LANES ? n - at : LANES;
        f64x16 v = 2.0 * widen(take(x + at, left)) + take_wide(offsets + at, left);
        __builtin_memcpy(g + at, &v, left * sizeof(double));
        for (size_t j = left; j < LANES; j++) v[j] = -__builtin_inf();
        most = v > most ? v : most;
    }
    double result = most[0];
    for (size_t j = 1; j < LANES; j++) result = most[j] > result ? most[j] : result;
    return result;
}

// Σ e^(scale r_j). Sixteen terms that are all 0 add nothing and are skipped; where the scale is large, most are 0.
INLINE double exponential_sum(const float *r, float scale, size_t n) {
    f64x16 lanes = 0;
    for (size_t at = 0; at < n; at += LANES) {
        size_t left = n - at < LANES ? n - at : LANES;
        f32x16 x = take(r + at, left) * scale;
        if (__builtin_reduce_and((u32x16)(x < (f32x16)EXP_LOWEST))) continue;
        lanes += widen(first_lanes(exp_lanes(x), left));
    }
    return add_lanes(lanes);
}

static void loop_mixture_sums(const float *x, const double *offsets, size_t rows, size_t columns, const double *scales,
                              size_t count, double *places_of_row, float *below, double *largest, double *sums) {
    for (size_t r = 0; r < rows; r++, x += columns, sums += count) {
        double most = places(x, offsets, places_of_row, columns);
        for (size_t j = 0; j < columns; j++) below[j] = (float)(places_of_row[j] - most);
        largest[r] = most;
        for (size_t k = 0; k < count; k++) sums[k] = exponential_sum(below, (float)scales[k], columns);
    }
}
