// The gradient of a weight, added to its exact sum as it leaves its product: no gradient is ever written.
//
// dW (outputs, inputs) = dYᵀ · X of each shard, the chain over the shard's rows, rounded to the sum's unit and added.

// A tile's chains over one shard's rows, rounded and stored or added. Returns how many were clamped.
typedef struct {
    float scale;
    int32_t limit;
    // The bits of a magnitude below which nothing has to be clamped.
    uint32_t safe;
} exact_unit;

typedef int32_t ivector __attribute__((ext_vector_type(WIDTH)));

// `nearest` in the width of a register.
INLINE ivector nearest_vector(fvector x) {
#if IS_AVX512
    return (ivector)_mm512_cvt_roundps_epi32((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif LEVEL == 1
    return (ivector)_mm256_cvtps_epi32((__m256)x);
#elif IS_NEON
    return (ivector)vcvtnq_s32_f32((float32x4_t)x);
#else
    return (ivector)_mm_cvtps_epi32((__m128)x);
#endif
}

// Adds one row of a tile, of which `columns` exist, with clamping and values that are not finite.
static __attribute__((noinline)) uint64_t add_row(const float *values, int32_t *sum, size_t columns, const exact_unit *unit, int is_added) {
    if (!is_added) __builtin_memset(sum, 0, columns * sizeof(int32_t));
    return add_carefully(values, sum, columns, unit->scale, unit->limit);
}

INLINE uint64_t exact_tile(const tile_operands *from, size_t row, size_t rows, size_t columns, const exact_unit *unit, int32_t *sum,
                           size_t sum_row, int is_added, uvector *most, int is_bf16) {
    fvector s[TILE_ROWS][TILE_VECTORS];
    EACH_ACCUMULATOR(rows, s[i][j] = 0;)
    go_on(s, from->a + row * from->a_row, from->a_row, from->a_step, from->b, from->b_step, from->steps, rows, is_bf16);
    uvector here = 0;
    EACH_ACCUMULATOR(rows, here = __builtin_elementwise_max(here, (uvector)s[i][j] & 0x7FFFFFFFu);)
    if (__builtin_expect(columns == TILE_COLUMNS && !__builtin_reduce_or(here >= (uvector)unit->safe), 1)) {
        *most = __builtin_elementwise_max(*most, here);
        if (is_added) {
            EACH_ACCUMULATOR(rows, {
                ivector before;
                __builtin_memcpy(&before, sum + i * sum_row + j * WIDTH, sizeof before);
                before += nearest_vector(s[i][j] * unit->scale);
                __builtin_memcpy(sum + i * sum_row + j * WIDTH, &before, sizeof before);
            })
        } else {
            EACH_ACCUMULATOR(rows, {
                ivector q = nearest_vector(s[i][j] * unit->scale);
                __builtin_memcpy(sum + i * sum_row + j * WIDTH, &q, sizeof q);
            })
        }
        return 0;
    }
    float tile[TILE_ROWS][TILE_COLUMNS];
    EACH_ACCUMULATOR(rows, store_vector(tile[i] + j * WIDTH, s[i][j]);)
    uint64_t clamped = 0;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j += WIDTH)
            *most = __builtin_elementwise_max(*most, (uvector)load_some(tile[i] + j, columns - j) & 0x7FFFFFFFu);
        clamped += add_row(tile[i], sum + i * sum_row, columns, unit, is_added);
    }
    return clamped;
}

#define EXACT_TILE(rows) \
    case rows: return exact_tile(from, row, rows, columns, unit, sum, sum_row, is_added, most, is_bf16);

static __attribute__((noinline)) uint64_t exact_rest(const tile_operands *from, size_t row, size_t rows, size_t columns,
                                                     const exact_unit *unit, int32_t *sum, size_t sum_row, int is_added, uvector *most,
                                                     int is_bf16) {
    switch (rows) { EACH_REST(EXACT_TILE) }
    return 0;
}

// Shards are `counts` rows of dY and X from `starts` on, none of them empty. Adds a range of dW's outputs, CK_EXACT_ROWS at most, and of those the
// inputs [from_input, to_input).
INLINE uint64_t product_exact(const float *dy, size_t outputs, const float *x, size_t inputs, size_t first, size_t rows,
                              size_t from_input, size_t to_input, size_t shards,
                              const size_t *starts, const size_t *counts, int is_bf16, float *scratch, int32_t *sum, float scale,
                              int32_t limit, int is_added, uint32_t *most) {
    float b_slots[CK_EXACT_STEPS * TILE_COLUMNS];
    const float half_limit = (float)(limit / 2 + 1) / scale;
    exact_unit unit = {scale, limit, 0};
    __builtin_memcpy(&unit.safe, &half_limit, sizeof unit.safe);
    const size_t a_step = CK_EXACT_SCRATCH;
    size_t staged = 0;
    for (size_t shard = 0; shard < shards; shard++) {
        stage_columns(dy + starts[shard] * outputs + first, outputs, counts[shard], rows, is_bf16, scratch + staged * a_step, a_step);
        staged += steps_of(counts[shard], is_bf16);
    }
    uint64_t clamped = 0;
    for (size_t column = from_input; column < to_input; column += TILE_COLUMNS) {
        size_t columns = to_input - column < TILE_COLUMNS ? to_input - column : TILE_COLUMNS, before = 0;
        for (size_t shard = 0; shard < shards; shard++) {
            size_t steps = steps_of(counts[shard], is_bf16);
            stage_columns(x + starts[shard] * inputs + column, inputs, counts[shard], columns, is_bf16, b_slots, TILE_COLUMNS);
            tile_operands from = {scratch + before * a_step, b_slots, 1, a_step, TILE_COLUMNS, steps};
            before += steps;
            uvector largest = 0;
            int32_t *to = sum + first * inputs + column;
            int adds = is_added || shard > 0;
            size_t row = 0;
            for (; row + TILE_ROWS <= rows; row += TILE_ROWS, to += TILE_ROWS * inputs)
                clamped += exact_tile(&from, row, TILE_ROWS, columns, &unit, to, inputs, adds, &largest, is_bf16);
            if (row < rows) clamped += exact_rest(&from, row, rows - row, columns, &unit, to, inputs, adds, &largest, is_bf16);
            uint32_t here = __builtin_reduce_max(largest);
            most[shard] = here > most[shard] ? here : most[shard];
        }
    }
    return clamped;
}

static uint64_t loop_product_exact(const float *dy, size_t outputs, const float *x, size_t inputs, size_t first, size_t rows,
                                   size_t from_input, size_t to_input, size_t shards, const size_t *starts, const size_t *counts, int is_bf16, float *scratch, int32_t *sum, float scale,
                                   int32_t limit, int is_added, uint32_t *most) {
    if (is_bf16)
        return product_exact(dy, outputs, x, inputs, first, rows, from_input, to_input, shards, starts, counts, 1, scratch, sum, scale,
                             limit, is_added, most);
    return product_exact(dy, outputs, x, inputs, first, rows, from_input, to_input, shards, starts, counts, 0, scratch, sum, scale, limit,
                         is_added, most);
}
