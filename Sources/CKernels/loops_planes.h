// Zig-zag byte planes: small magnitudes of either sign become small unsigned numbers, whose upper bytes need not travel.

INLINE uint32_t zigzag(int32_t x) { return ((uint32_t)x << 1) ^ (uint32_t)(x >> 31); }
INLINE int32_t unzigzag(uint32_t z) { return (int32_t)((z >> 1) ^ (0u - (z & 1u))); }

static int loop_plane_width(const int32_t *x, size_t n) {
    uint32_t any = 0;
    for (size_t i = 0; i < n; i++) any |= zigzag(x[i]);
    return any == 0 ? 0 : (39 - __builtin_clz(any)) / 8;
}

static void loop_pack_planes(const int32_t *x, size_t n, int width, uint8_t *planes) {
    for (int byte = 0; byte < width; byte++, planes += n)
        for (size_t i = 0; i < n; i++) planes[i] = (uint8_t)(zigzag(x[i]) >> (8 * byte));
}

// Writes `before` + value, where `before` is 0 or the element itself. Adding wraps: a frame that breaks the bound of the
// exact sum gives wrong numbers, never undefined behaviour.
#define UNPACK(before, value)                                                               \
    _Pragma("clang loop vectorize(assume_safety)")                                          \
    for (size_t i = 0; i < n; i++) x[i] = (int32_t)((uint32_t)(before) + (uint32_t)unzigzag(value))
#define UNPACK_ALL(before)                                                                  \
    const uint8_t *p0 = planes, *p1 = planes + n, *p2 = p1 + n, *p3 = p2 + n;               \
    switch (width) {                                                                        \
    case 1: UNPACK(before, p0[i]); break;                                                   \
    case 2: UNPACK(before, p0[i] | (uint32_t)p1[i] << 8); break;                            \
    case 3: UNPACK(before, p0[i] | (uint32_t)p1[i] << 8 | (uint32_t)p2[i] << 16); break;    \
    case 4: UNPACK(before, p0[i] | (uint32_t)p1[i] << 8 | (uint32_t)p2[i] << 16 | (uint32_t)p3[i] << 24); break; \
    }

static void loop_unpack_planes(const uint8_t *planes, size_t n, int width, int32_t *x) {
    if (width == 0) __builtin_memset(x, 0, n * sizeof(int32_t));
    UNPACK_ALL(0)
}

static void loop_unpack_planes_adding(const uint8_t *planes, size_t n, int width, int32_t *x) { UNPACK_ALL(x[i]) }
