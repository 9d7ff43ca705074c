// Exponential and logarithm in double precision, compiled once, so the same on every CPU.
#include "exponential.h"
#include "ckernels.h"

#pragma STDC FP_CONTRACT OFF

// log 2 in two parts (fdlibm): products of the first with an exponent are exact.
static const double log2_high = 6.93147180369123816490e-01, log2_low = 1.90821492927058770002e-10;

enum { DOUBLE_BIAS = 1023, DOUBLE_MANTISSA_BITS = 52 };

static double two_to(int n) {
    uint64_t b = (uint64_t)(n + DOUBLE_BIAS) << DOUBLE_MANTISSA_BITS;
    double y;
    __builtin_memcpy(&y, &b, sizeof y);
    return y;
}

// The rational approximation of fdlibm (e_exp.c) on |r| ≤ ½ log 2, as x = k log 2 + r.
double ck_exponential(double x) {
    if (x != x) return x;
    if (x > 709.782712893383973096) return __builtin_inf();
    if (x < -708.396418532264106224) return 0.0;
    const double rounder = 0x1.8p52;
    double k = (x * 1.44269504088896338700 + rounder) - rounder;
    double high = x - k * log2_high;
    double low = k * log2_low;
    double r = high - low;
    double t = r * r;
    double p = 4.13813679705723846039e-08;
    p = p * t - 1.65339022054652515390e-06;
    p = p * t + 6.61375632143793436117e-05;
    p = p * t - 2.77777777770155933842e-03;
    p = p * t + 1.66666666666666019037e-01;
    double c = r - t * p;
    double y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    int n = (int)k, half = n >> 1;  // 2^n in two factors, because 2^1024 is not a double
    return y * two_to(half) * two_to(n - half);
}

// The polynomial of fdlibm (e_log.c) on 1 + f between √½ and √2, as x = 2^k (1 + f).
double ck_logarithm(double x) {
    if (x != x || x < 0.0) return __builtin_nan("");
    if (x < 0x1p-1022) return -__builtin_inf();
    if (x == __builtin_inf()) return x;
    uint64_t b;
    __builtin_memcpy(&b, &x, sizeof b);
    int exponent = (int)(b >> DOUBLE_MANTISSA_BITS) - DOUBLE_BIAS;
    b = (b & 0x000FFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
    double m;
    __builtin_memcpy(&m, &b, sizeof m);
    if (m > 1.41421356237309504880) {
        m *= 0.5;
        exponent++;
    }
    double f = m - 1.0, k = exponent;
    double s = f / (2.0 + f);
    double z = s * s;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    double square = 0.5 * f * f;
    return k * log2_high - ((square - (s * (square + z * p) + k * log2_low)) - f);
}

// Adds back what rounding 1 + x lost.
double ck_logarithm_of_one_and(double x) {
    double u = 1.0 + x;
    if (u == __builtin_inf()) return u;
    return ck_logarithm(u) + (x - (u - 1.0)) / u;
}

double ck_exp_double(double x) { return ck_exponential(x); }
double ck_log_double(double x) { return ck_logarithm(x); }
