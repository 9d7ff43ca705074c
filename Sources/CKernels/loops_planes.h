// Zig-zag byte planes: small magnitudes of either sign become small unsigned numbers, whose upper bytes need not be sent.

INLINE uint32_t zigzag(int32_t x) { return ((uint32_t)x << 1) ^ (uint32_t)(x >> 31); }
INLINE int32_t unzigzag(uint32_t z) { return (int32_t)((z >> 1) ^ (0u - (z & 1u))); }

static int loop_plane_width(const int32_t *x, size_t n) {
    uint32_t any = 0;
    for (size_t i = 0; i < n; i++) any |= zigzag(x[i]);
    return any == 0 ? 0 : (39 - __builtin_clz(any)) / 8;
}

// One plane at a time, which is best for one plane and where bytes cannot be shuffled.
INLINE void pack_plane(const int32_t *x, size_t n, int byte, uint8_t *plane) {
    for (size_t i = 0; i < n; i++) plane[i] = (uint8_t)(zigzag(x[i]) >> (8 * byte));
}

// Sixteen values at a time: one shuffle sorts their 64 bytes by significance, then each plane gets sixteen bytes.
INLINE void pack_sixteen(const int32_t *x, size_t stride, int width, uint8_t *planes) {
    typedef uint8_t u8x64 __attribute__((ext_vector_type(64)));
    i32x16 v;
    __builtin_memcpy(&v, x, sizeof v);
    u8x64 bytes = (u8x64)(((u32x16)v << 1) ^ (u32x16)(v >> 31));
#define SIXTEEN(p) (p), (p) + 4, (p) + 8, (p) + 12, (p) + 16, (p) + 20, (p) + 24, (p) + 28, \
                   (p) + 32, (p) + 36, (p) + 40, (p) + 44, (p) + 48, (p) + 52, (p) + 56, (p) + 60
    u8x64 sorted = __builtin_shufflevector(bytes, bytes, SIXTEEN(0), SIXTEEN(1), SIXTEEN(2), SIXTEEN(3));
#undef SIXTEEN
    uint8_t out[64];
    __builtin_memcpy(out, &sorted, sizeof out);
    for (int p = 0; p < width; p++) __builtin_memcpy(planes + (size_t)p * stride, out + 16 * p, 16);
}

static void loop_pack_planes(const int32_t *x, size_t n, int width, uint8_t *planes) {
    size_t i = 0;
    if (LEVEL > 0 && width > 1)
        for (; i + LANES <= n; i += LANES) pack_sixteen(x + i, n, width, planes + i);
    for (int byte = 0; byte < width; byte++) pack_plane(x + i, n - i, byte, planes + (size_t)byte * n + i);
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
