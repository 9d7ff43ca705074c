// Log-densities of priors at the rows of z, in double precision, one row at a time: rows are few and short.

// N(0, std²) in every column; `constant` is the logarithm of its normaliser. Gradient of −log p: z / std².
static void loop_gaussian_density(const float *z, double std, double constant, double *densities, float *gradient, size_t rows,
                                  size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        double sum = 0.0;
        for (size_t i = r * columns; i < (r + 1) * columns; i++) {
            double u = (double)z[i] / std;
            sum = sum + u * u;
            if (gradient) gradient[i] = (float)(u / std);
        }
        densities[r] = -0.5 * sum - constant;
    }
}

// A point in the frame of one petal, in deviations from its centre.
typedef struct { double along, across; } petal_place;
INLINE petal_place place_in(const double *direction, double x, double y, double radial, double tangential, double distance) {
    double along = x * direction[0] + y * direction[1];
    double across = y * direction[0] - x * direction[1];
    return (petal_place){(along - distance) / radial, across / tangential};
}
INLINE double exponent_at(petal_place at) { return -0.5 * (at.along * at.along + at.across * at.across); }

// Petals in the plane, equally likely; `directions` has the cosine and sine of each. Gradient of −log p: that of each petal's exponent, weighted by
// the probability that the point comes from that petal.
static void loop_petals_density(const float *z, const double *directions, size_t components, double radial, double tangential,
                                double distance, double constant, double *densities, float *gradient, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        double x = z[2 * r], y = z[2 * r + 1];
        double most = -__builtin_inf();
        for (size_t k = 0; k < components; k++) {
            double e = exponent_at(place_in(directions + 2 * k, x, y, radial, tangential, distance));
            most = e > most ? e : most;
        }
        double sum = 0.0, dx = 0.0, dy = 0.0;
        for (size_t k = 0; k < components; k++) {
            const double *direction = directions + 2 * k;
            petal_place at = place_in(direction, x, y, radial, tangential, distance);
            double weight = ck_exponential(exponent_at(at) - most);
            double along = at.along / radial, across = at.across / tangential;
            sum = sum + weight;
            dx = dx + weight * (along * direction[0] - across * direction[1]);
            dy = dy + weight * (along * direction[1] + across * direction[0]);
        }
        densities[r] = most + ck_logarithm(sum) - constant;
        if (!gradient) continue;
        gradient[2 * r] = (float)(dx / sum);
        gradient[2 * r + 1] = (float)(dy / sum);
    }
}
