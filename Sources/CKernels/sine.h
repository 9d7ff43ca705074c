// Sine and cosine in double precision, shared by all levels.
#ifndef CK_SINE_H
#define CK_SINE_H

// sin(x), or cos(x) where `cosine` is 1. Accurate to about one unit in the last place of a double up to 2^20, and of a float for any float.
double ck_sine(double x, int cosine);

#endif
