// The single-precision products and the library's own description of itself: nothing else of BLAS is used.
#include <cblas.h>
