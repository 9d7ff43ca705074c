// Exponential and logarithm in double precision, compiled once, so the same on every CPU.
#include "ckernels.h"

#pragma STDC FP_CONTRACT OFF

// ln 2 in two parts (fdlibm, e_exp.c): products of the first with an exponent are exact.
static const double ln2_high = 6.93147180369123816490e-01;
static const double ln2_low = 1.90821492927058770002e-10;

// 2^n for −1022 ≤ n ≤ 1023.
static double power_of_two(int n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return power;
}

double ck_exp_double(double x) {
    if (x != x) return x;
    if (x > 709.78) return __builtin_inf();
    if (x < -708.0) return 0;
    double n = (x * 1.44269504088896338700 + 0x1.8p52) - 0x1.8p52;
    double high = x - n * ln2_high, low = n * ln2_low;
    double r = high - low;
    double z = r * r;
    double p = 4.13813679705723846039e-08;
    p = p * z - 1.65339022054652515390e-06;
    p = p * z + 6.61375632143793436117e-05;
    p = p * z - 2.77777777770155933842e-03;
    p = p * z + 1.66666666666666019037e-01;
    double c = r - z * p;
    double y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    // In two halves, since 2^1024 is no double.
    int half = (int)n / 2;
    return y * power_of_two(half) * power_of_two((int)n - half);
}

double ck_log_double(double x) {
    if (!(x >= 0x1p-1022)) return x < 0 || x != x ? __builtin_nan("") : -__builtin_inf();
    if (x == __builtin_inf()) return x;
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    // The significand between √½ and √2.
    uint64_t up = ((bits & 0x000FFFFFFFFFFFFFu) + 0x00095F6400000000u) & 0x0010000000000000u;
    int exponent = (int)(bits >> 52) - 1023 + (int)(up >> 52);
    bits = (bits & 0x000FFFFFFFFFFFFFu) | (up ^ 0x3FF0000000000000u);
    double m;
    __builtin_memcpy(&m, &bits, sizeof m);
    // The polynomial of fdlibm (e_log.c) in s = f / (2 + f).
    double f = m - 1.0;
    double s = f / (2.0 + f), z = s * s;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    p = p * z;
    double square = 0.5 * f * f, n = exponent;
    return n * ln2_high - ((square - (s * (square + p) + n * ln2_low)) - f);
}
