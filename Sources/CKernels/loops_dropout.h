// The mask of dropout: elements of a row from `first` on, 0 where a word is below `bound`, `kept` elsewhere.

static void loop_philox_mask(uint32_t k0, uint32_t k1, uint32_t c1, uint32_t c2, uint32_t c3, size_t first, uint32_t bound,
                             float kept, float *out, size_t n) {
    const u32x16 value = bits((f32x16)kept);
#define MASK(w) (value & (u32x16)((w) >= bound))
    FILL(first, interleave(group, MASK(w0), MASK(w1), MASK(w2), MASK(w3));)
#undef MASK
}
