// Sine and cosine in double precision, compiled once, so the same on every CPU.
#include "sine.h"
#include "ckernels.h"

#pragma STDC FP_CONTRACT OFF

// π/2 in three parts of 33 bits (fdlibm, e_rem_pio2.c): products with a quarter-turn count below 2^20 are exact.
static const double half_pi[3] = {1.57079632673412561417e+00, 6.07710050630396597660e-11, 2.02226624879595063154e-21};

// The bits of 2/π, after one word of zeros.
static const uint32_t two_over_pi[9] = {0,          0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0,
                                        0xDB629599, 0x3C439041, 0xFE5163AB, 0xDEBBC561};

// The remainder of a float of at least 2^20 by π/2, and the quarter turn it lies in (Payne and Hanek, 1983): only the 96 bits of the product with 2/π
// that matter modulo four quarter turns are formed.
static double large_remainder(float x, unsigned *quarter) {
    uint32_t b;
    __builtin_memcpy(&b, &x, sizeof b);
    int exponent = (int)((b >> 23) & 0xFF) - 150;  // |x| = mantissa · 2^exponent
    uint64_t mantissa = (b & 0x007FFFFFu) | 0x00800000u;
    int start = 32 + exponent - 2;
    const uint32_t *w = two_over_pi + start / 32;
    int shift = start % 32;
    unsigned __int128 window = ((unsigned __int128)w[0] << 96 | (unsigned __int128)w[1] << 64 | (unsigned __int128)w[2] << 32 | w[3])
                               << shift >> 32;
    unsigned __int128 turns = (window * mantissa) << 32;  // in units of 2^−126 quarter turns, modulo 4
    *quarter = (unsigned)((turns + ((unsigned __int128)1 << 125)) >> 126);
    __int128 rest = (__int128)(turns - ((unsigned __int128)*quarter << 126));
    double r = (double)(int64_t)(rest >> 64) * 0x1p-62 + (double)(uint64_t)rest * 0x1p-126;
    r *= 1.57079632679489661923;
    if (b >> 31) {
        r = -r;
        *quarter = 0u - *quarter;
    }
    return r;
}

static double small_remainder(double x, unsigned *quarter) {
    const double rounder = 0x1.8p52;
    double n = (x * 0.636619772367581343076 + rounder) - rounder;
    *quarter = (unsigned)(int)n;
    return ((x - n * half_pi[0]) - n * half_pi[1]) - n * half_pi[2];
}

// The polynomials of fdlibm (k_sin.c, k_cos.c) on |r| ≤ π/4.
static double sine_of(double r) {
    double z = r * r;
    double p = 1.58969099521155010221e-10;
    p = p * z - 2.50507602534068634195e-08;
    p = p * z + 2.75573137070700676789e-06;
    p = p * z - 1.98412698298579493134e-04;
    p = p * z + 8.33333333332248946124e-03;
    p = p * z - 1.66666666666666324348e-01;
    return r + r * z * p;
}

static double cosine_of(double r) {
    double z = r * r;
    double p = -1.13596475577881948265e-11;
    p = p * z + 2.08757232129817482790e-09;
    p = p * z - 2.75573143513906633035e-07;
    p = p * z + 2.48015872894767294178e-05;
    p = p * z - 1.38888888888741095749e-03;
    p = p * z + 4.16666666666666019037e-02;
    return 1.0 - (0.5 * z - z * z * p);
}

double ck_sine(double x, int cosine) {
    double size = x < 0 ? -x : x;
    if (!(size < __builtin_inf())) return __builtin_nan("");
    unsigned quarter;
    double r = size < 0x1p20 ? small_remainder(x, &quarter) : large_remainder((float)x, &quarter);
    quarter += (unsigned)cosine;
    double y = quarter & 1 ? cosine_of(r) : sine_of(r);
    return quarter & 2 ? -y : y;
}

double ck_sin_double(double x) { return ck_sine(x, 0); }
double ck_cos_double(double x) { return ck_sine(x, 1); }
