// Sixteen explicit lanes: loading, storing, selecting, and the one tree in which lanes are added.
//
// The compiler splits a 16-lane vector into as many registers as the level needs; what each lane computes stays the same.
// A short tail is padded to 16 lanes and goes through the same arithmetic.

#define INLINE static inline __attribute__((always_inline))

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef double f64x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef int64_t i64x16 __attribute__((ext_vector_type(16)));
typedef uint64_t u64x16 __attribute__((ext_vector_type(16)));
enum { LANES = 16 };

INLINE f32x16 load(const float *p) { f32x16 v; __builtin_memcpy(&v, p, sizeof v); return v; }
INLINE void store(float *p, f32x16 v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE f32x16 load_part(const float *p, size_t n) {
    float padded[LANES] = {0};
    __builtin_memcpy(padded, p, n * sizeof(float));
    return load(padded);
}
INLINE void store_part(float *p, f32x16 v, size_t n) {
    float padded[LANES];
    store(padded, v);
    __builtin_memcpy(p, padded, n * sizeof(float));
}

// The lanes of which `left` exist, a whole vector or a tail.
INLINE f32x16 take(const float *p, size_t left) { return left == LANES ? load(p) : load_part(p, left); }
INLINE void give(float *p, f32x16 v, size_t left) {
    if (left == LANES) store(p, v);
    else store_part(p, v, left);
}

INLINE u32x16 bits(f32x16 x) { return (u32x16)x; }
INLINE f32x16 from_bits(u32x16 x) { return (f32x16)x; }
INLINE f32x16 choose(i32x16 mask, f32x16 yes, f32x16 no) {
    return from_bits(((u32x16)mask & bits(yes)) | (~(u32x16)mask & bits(no)));
}
INLINE f32x16 magnitude(f32x16 x) { return from_bits(bits(x) & 0x7FFFFFFFu); }
INLINE f64x16 widen(f32x16 x) { return __builtin_convertvector(x, f64x16); }

// A mask of the lanes below n.
INLINE i32x16 lanes_below(size_t n) {
    const i32x16 index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return index < (i32x16)(int32_t)n;
}

// Lanes below n keep their value, the others become +0.
INLINE f32x16 first_lanes(f32x16 x, size_t n) { return from_bits(bits(x) & (u32x16)lanes_below(n)); }

// Halves are added to halves: lane j + lane j + 8, then j + 4, j + 2, j + 1.
INLINE double add_lanes(f64x16 lanes) {
    double s[LANES];
    __builtin_memcpy(s, &lanes, sizeof s);
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t j = 0; j < width; j++) s[j] += s[j + width];
    return s[0];
}

// The largest lane.
INLINE uint32_t maximum_lane(u32x16 lanes) {
    uint32_t most = 0;
    for (size_t j = 0; j < LANES; j++) most = lanes[j] > most ? lanes[j] : most;
    return most;
}
INLINE u32x16 maximum_of(u32x16 a, u32x16 b) { return __builtin_elementwise_max(a, b); }

// Whether any lane is at least `bound`.
INLINE int any_at_least(u32x16 x, uint32_t bound) { return __builtin_reduce_or(x >= (u32x16)bound) != 0; }

// To the nearest integer, ties to even, for magnitudes below 2^31: the same instruction in the width of the level.
INLINE i32x16 nearest(f32x16 x) {
#if IS_AVX512
    return (i32x16)_mm512_cvt_roundps_epi32((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif IS_NEON
    i32x16 y;
    float32x4_t part[4];
    int32x4_t rounded[4];
    __builtin_memcpy(part, &x, sizeof x);
    for (int j = 0; j < 4; j++) rounded[j] = vcvtnq_s32_f32(part[j]);
    __builtin_memcpy(&y, rounded, sizeof y);
    return y;
#else
    i32x16 y;
#if LEVEL == 1
    __m256 part[2];
    __m256i rounded[2];
    __builtin_memcpy(part, &x, sizeof x);
    for (int j = 0; j < 2; j++) rounded[j] = _mm256_cvtps_epi32(part[j]);
#else
    __m128 part[4];
    __m128i rounded[4];
    __builtin_memcpy(part, &x, sizeof x);
    for (int j = 0; j < 4; j++) rounded[j] = _mm_cvtps_epi32(part[j]);
#endif
    __builtin_memcpy(&y, rounded, sizeof y);
    return y;
#endif
}
