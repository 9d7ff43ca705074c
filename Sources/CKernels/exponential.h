// Exponential and logarithm in double precision, shared by all levels.
#ifndef CK_EXPONENTIAL_H
#define CK_EXPONENTIAL_H

// Right to about one unit in the last place. The logarithm takes subnormal arguments for zero, and the exponential makes zeros of subnormal
// results.
double ck_exponential(double x);
double ck_logarithm(double x);

// log(1 + x) for x of 0 or more.
double ck_logarithm_of_one_and(double x);

#endif
