// Exponential and logarithm in double precision, shared by all levels.
#ifndef CK_EXPONENTIAL_H
#define CK_EXPONENTIAL_H

// Accurate to about one unit in the last place. The logarithm treats subnormal arguments as zero, and the exponential replaces subnormal results by
// zero.
double ck_exponential(double x);
double ck_logarithm(double x);

// log(1 + x) for x of 0 or more.
double ck_logarithm_of_one_and(double x);

#endif
