// Products of matrices by one definition: an output is one chain of fused multiply-adds over k, from k = 0 upward, starting at 0, of operands as they
// are or rounded to bf16 (loops_operands.h). The bits depend neither on the tile, nor on the blocking of k (a stored accumulator is continued
// unchanged), nor on the level.

// Registers and rows of a tile: as many accumulators as the registers hold beside a row of B and a value of A.
#if IS_AVX512
enum { TILE_ROWS = 14, TILE_VECTORS = 2 };
#elif LEVEL == 1
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#elif IS_NEON
enum { TILE_ROWS = 6, TILE_VECTORS = 4 };
#else
enum { TILE_ROWS = 4, TILE_VECTORS = 2 };
#endif
enum {
    TILE_COLUMNS = WIDTH * TILE_VECTORS,
    // BLOCK_K values of k of a tile's columns of B stay in the first-level cache while tiles of rows go by; at most BLOCK_ROWS rows of as many values
    // of A stay in the second. More rows would not help; fewer would lay out B more often.
    BLOCK_K = 128,
    BLOCK_ROWS = 336,
};

// What is done with a tile when its chains reach the end of a block of k.
typedef struct {
    float *c;
    size_t c_row;
    // Whether chains begin here, and whether they end here.
    int is_first, is_last;
    // (n), added where chains end; none if NULL. Then, where it is asked for, ReLU.
    const float *bias;
    int is_rectified;
    // (m, n), rows `c_row` apart. Where it is not positive, outputs become 0 when chains end; none if NULL.
    const float *output;
} product_end;

// Every loop over accumulators is unrolled, or they would not stay in registers.
#define EACH_ACCUMULATOR(rows, body)                    \
    _Pragma("clang loop unroll(full)")                  \
    for (size_t i = 0; i < (rows); i++)                 \
        _Pragma("clang loop unroll(full)")              \
        for (size_t j = 0; j < TILE_VECTORS; j++) body

// Continues a tile's chains by `steps` steps; `rows` is a constant wherever this is inlined.
INLINE void go_on(fvector (*s)[TILE_VECTORS], const float *a, size_t a_row, size_t a_step, const float *b, size_t b_step, size_t steps,
                  size_t rows, int is_bf16) {
    (void)is_bf16;  // where there is no instruction for it, slots of bf16 are floats
    for (size_t at = 0; at < steps; at++, a += a_step, b += b_step) {
        fvector row[TILE_VECTORS];
        _Pragma("clang loop unroll(full)")
        for (size_t j = 0; j < TILE_VECTORS; j++) row[j] = load_vector(b + j * WIDTH);
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < rows; i++) {
            fvector x = (fvector)a[i * a_row];
            _Pragma("clang loop unroll(full)")
            for (size_t j = 0; j < TILE_VECTORS; j++)
#if IS_AVX512_BF16
                if (is_bf16) s[i][j] = (fvector)_mm512_dpbf16_ps((__m512)s[i][j], (__m512bh)x, (__m512bh)row[j]);
                else
#endif
                    s[i][j] = __builtin_elementwise_fma(x, row[j], s[i][j]);
        }
    }
}

// Applies bias, ReLU and `output` to chains that have ended, in C or on their way to it.
INLINE void finish_rows(float *c, size_t c_row, size_t rows, size_t column, size_t columns, const float *output, const product_end *end) {
    for (size_t i = 0; i < rows; i++, c += c_row) {
        for (size_t j = 0; j < TILE_COLUMNS && end->bias; j += WIDTH) {
            fvector v = load_vector(c + j) + load_some(end->bias + column + j, columns > j ? columns - j : 0);
            if (end->is_rectified) v = v < (fvector)0.0f ? (fvector)0.0f : v;  // a NaN stays
            store_vector(c + j, v);
        }
        if (!output) continue;
        for (size_t j = 0; j < TILE_COLUMNS; j += WIDTH)
            store_vector(c + j, load_some(output + j, columns > j ? columns - j : 0) > (fvector)0.0f ? load_vector(c + j) : (fvector)0.0f);
        output += end->c_row;
    }
}

// Where the operands of one tile over one block of k lie.
typedef struct {
    const float *a, *b;
    size_t a_row, a_step, b_step, steps;
} tile_operands;

// `c` and `output` point to the tile's first row.
INLINE void product_tile(const tile_operands *from, size_t row, size_t rows, size_t column, size_t columns, float *c, const float *output,
                         const product_end *end, int is_bf16) {
    float part[TILE_ROWS][TILE_COLUMNS] = {{0}};
    int is_whole = columns == TILE_COLUMNS, is_finished = end->is_last && (end->bias || output);
    fvector s[TILE_ROWS][TILE_VECTORS];
    if (end->is_first) {
        EACH_ACCUMULATOR(rows, s[i][j] = 0;)
    } else if (is_whole) {
        EACH_ACCUMULATOR(rows, s[i][j] = load_vector(c + i * end->c_row + j * WIDTH);)
    } else {
        for (size_t i = 0; i < rows; i++) __builtin_memcpy(part[i], c + i * end->c_row, columns * sizeof(float));
        EACH_ACCUMULATOR(rows, s[i][j] = load_vector(part[i] + j * WIDTH);)
    }
    go_on(s, from->a + row * from->a_row, from->a_row, from->a_step, from->b, from->b_step, from->steps, rows, is_bf16);
    if (is_whole) {
        EACH_ACCUMULATOR(rows, store_vector(c + i * end->c_row + j * WIDTH, s[i][j]);)
        if (is_finished) finish_rows(c, end->c_row, rows, column, columns, output, end);
    } else {
        EACH_ACCUMULATOR(rows, store_vector(part[i] + j * WIDTH, s[i][j]);)
        if (is_finished) finish_rows(part[0], TILE_COLUMNS, rows, column, columns, output, end);
        for (size_t i = 0; i < rows; i++) __builtin_memcpy(c + i * end->c_row, part[i], columns * sizeof(float));
    }
}

// The possible numbers of rows left below the last whole tile.
#if IS_AVX512
#define EACH_REST(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#elif LEVEL > 0
#define EACH_REST(X) X(1) X(2) X(3) X(4) X(5)
#else
#define EACH_REST(X) X(1) X(2) X(3)
#endif

#define PRODUCT_TILE(rows) case rows: product_tile(from, row, rows, column, columns, c, output, end, is_bf16); break;

static __attribute__((noinline)) void product_rest(const tile_operands *from, size_t row, size_t rows, size_t column, size_t columns, float *c,
                                                   const float *output, const product_end *end, int is_bf16) {
    switch (rows) { EACH_REST(PRODUCT_TILE) }
}

INLINE void product_tiles(const tile_operands *from, size_t rows, size_t column, size_t columns, float *c, const float *output,
                          const product_end *end, int is_bf16) {
    size_t row = 0;
    for (; row + TILE_ROWS <= rows; row += TILE_ROWS, c += TILE_ROWS * end->c_row, output = output ? output + TILE_ROWS * end->c_row : NULL)
        product_tile(from, row, TILE_ROWS, column, columns, c, output, end, is_bf16);
    if (row < rows) product_rest(from, row, rows - row, column, columns, c, output, end, is_bf16);
}

// Rows of a block where m are divided as evenly as tiles allow.
static size_t block_rows(size_t m) {
    size_t blocks = (m + BLOCK_ROWS - 1) / BLOCK_ROWS;
    return blocks == 0 ? TILE_ROWS : ((m + blocks - 1) / blocks + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
}

// `a_slots`: BLOCK_ROWS · BLOCK_K for operands in bf16.
INLINE void product(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_column, float *c, size_t c_row, size_t m,
                    size_t n, size_t k, const float *bias, int is_rectified, const float *output, int is_bf16, float *a_slots) {
    float b_slots[BLOCK_K * TILE_COLUMNS];
    const size_t most_rows = block_rows(m);
    for (size_t from_k = 0; from_k < k || from_k == 0; from_k += BLOCK_K) {
        size_t some_k = k - from_k < BLOCK_K ? k - from_k : BLOCK_K;
        product_end end = {c, c_row, from_k == 0, from_k + some_k == k, bias, is_rectified, output};
        for (size_t row = 0; row < m; row += most_rows) {
            size_t rows = m - row < most_rows ? m - row : most_rows;
            const float *a_here = a + row * a_row + from_k * a_k;
            tile_operands from = {a_here, b, a_row, a_k, b_k, steps_of(some_k, is_bf16)};
            if (is_bf16) {
                from.a = a_slots;
                if (a_k == 1) {
                    (from.a_row = BLOCK_K, from.a_step = 1);
                    for (size_t r = 0; r < rows; r++)
                        for (size_t at = 0, slot = 0; at < some_k; at += WIDTH * SLOT_VALUES, slot += WIDTH)
                            store_vector(a_slots + r * BLOCK_K + slot, next_slots(a_here + r * a_row + at, some_k - at, 1));
                } else {
                    (from.a_row = 1, from.a_step = (rows + WIDTH - 1) / WIDTH * WIDTH);
                    stage_columns(a_here, a_k, some_k, rows, 1, a_slots, from.a_step);
                }
            }
            for (size_t column = 0; column < n; column += TILE_COLUMNS) {
                size_t columns = n - column < TILE_COLUMNS ? n - column : TILE_COLUMNS;
                const float *b_here = b + column * b_column + from_k * b_k;
                from.b = b_here;
                from.b_step = b_k;
                if (is_bf16 || b_column != 1 || columns != TILE_COLUMNS) {
                    if (b_column == 1) stage_columns(b_here, b_k, some_k, columns, is_bf16, b_slots, TILE_COLUMNS);
                    else stage_transposed(b_here, b_column, some_k, columns, is_bf16, b_slots, TILE_COLUMNS);
                    from.b = b_slots;
                    from.b_step = TILE_COLUMNS;
                }
                size_t at = row * c_row + column;
                product_tiles(&from, rows, column, columns, c + at, output ? output + at : NULL, &end, is_bf16);
            }
        }
    }
}

static __attribute__((noinline)) void bf16_product(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_column,
                                                   float *c, size_t c_row, size_t m, size_t n, size_t k, const float *bias,
                                                   int is_rectified, const float *output) {
    float a_slots[BLOCK_ROWS * BLOCK_K];
    product(a, a_row, a_k, b, b_k, b_column, c, c_row, m, n, k, bias, is_rectified, output, 1, a_slots);
}

static void loop_product(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_column, float *c, size_t c_row,
                         size_t m, size_t n, size_t k, const float *bias, int is_rectified, const float *output, int is_bf16) {
    if (is_bf16) bf16_product(a, a_row, a_k, b, b_k, b_column, c, c_row, m, n, k, bias, is_rectified, output);
    else product(a, a_row, a_k, b, b_k, b_column, c, c_row, m, n, k, bias, is_rectified, output, 0, NULL);
}
