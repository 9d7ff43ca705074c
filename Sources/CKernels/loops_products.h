// Products of matrices by one definition: an output is one chain of fused multiply-adds over k, from k = 0 upward, starting at 0. Neither
// the tile nor the blocking of k enters (a stored accumulator goes on as it was), nor the level: all give the same bits.
//
// C (m, n) = A (m, k) · B (k, n). Rows of A lie `a_row` apart and values of a row `a_k`; rows of B lie `b_k` apart; columns of B lie side by side
// within a panel of CK_PANEL, and panels `b_panel` apart. Where B is a matrix as it is, that is CK_PANEL itself.

// Floats of a register, and registers and rows of a tile: as many accumulators as the registers hold beside a row of B and a value of A.
#if LEVEL == 2
#define WIDTH 16
enum { TILE_ROWS = 14, TILE_VECTORS = 2 };
#elif LEVEL == 1
#define WIDTH 8
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#elif LEVEL == 3
#define WIDTH 4
enum { TILE_ROWS = 6, TILE_VECTORS = 4 };
#else
#define WIDTH 4
enum { TILE_ROWS = 4, TILE_VECTORS = 2 };
#endif
enum {
    TILE_COLUMNS = WIDTH * TILE_VECTORS,
    // Of B, a tile's columns of so many rows stay in the first cache while tiles of rows go by; of A, so many rows of as many values in the second.
    BLOCK_K = 128,
    BLOCK_ROWS = 168,
};

typedef float fvector __attribute__((ext_vector_type(WIDTH)));

INLINE fvector load_vector(const float *p) { fvector v; __builtin_memcpy(&v, p, sizeof v); return v; }
INLINE void store_vector(float *p, fvector v) { __builtin_memcpy(p, &v, sizeof v); }

// What becomes of a tile when the chains have come to the end of a block of k.
typedef struct {
    float *c;
    size_t c_row;
    // Whether chains begin here, and whether they end here.
    int is_first, is_last;
    // (n), added where chains end; none if NULL. Then, where it is asked for, ReLU.
    const float *bias;
    int is_rectified;
} product_end;

INLINE void finish_tile(fvector (*s)[TILE_VECTORS], size_t rows, size_t column, size_t columns, float *c, const product_end *end) {
    for (size_t i = 0; i < rows; i++, c += end->c_row) {
        float part[TILE_COLUMNS];
        float *to = columns == TILE_COLUMNS ? c : part;
        for (size_t j = 0; j < TILE_VECTORS; j++) {
            fvector v = s[i][j];
            if (end->is_last && end->bias) {
                if (columns == TILE_COLUMNS) {
                    v = v + load_vector(end->bias + column + j * WIDTH);
                } else {
                    float bias[TILE_COLUMNS] = {0};
                    __builtin_memcpy(bias, end->bias + column, columns * sizeof(float));
                    v = v + load_vector(bias + j * WIDTH);
                }
                if (end->is_rectified) v = v < (fvector)0.0f ? (fvector)0.0f : v;  // a NaN passes
            }
            store_vector(to + j * WIDTH, v);
        }
        if (columns != TILE_COLUMNS) __builtin_memcpy(c, part, columns * sizeof(float));
    }
}

// One tile over one block of k; `rows` is a constant wherever this is inlined.
INLINE void product_tile(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t k, size_t rows, size_t column,
                         size_t columns, float *c, const product_end *end) {
    fvector s[TILE_ROWS][TILE_VECTORS];
    if (end->is_first) {
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < rows; i++)
            _Pragma("clang loop unroll(full)")
            for (size_t j = 0; j < TILE_VECTORS; j++) s[i][j] = 0;
    } else {
        float part[TILE_COLUMNS] = {0};
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < rows; i++) {
            const float *from = c + i * end->c_row;
            if (columns != TILE_COLUMNS) {
                __builtin_memcpy(part, from, columns * sizeof(float));
                from = part;
            }
            _Pragma("clang loop unroll(full)")
            for (size_t j = 0; j < TILE_VECTORS; j++) s[i][j] = load_vector(from + j * WIDTH);
        }
    }
    for (size_t at = 0; at < k; at++, a += a_k, b += b_k) {
        fvector row[TILE_VECTORS];
        _Pragma("clang loop unroll(full)")
        for (size_t j = 0; j < TILE_VECTORS; j++) row[j] = load_vector(b + j * WIDTH);
        _Pragma("clang loop unroll(full)")
        for (size_t i = 0; i < rows; i++) {
            fvector x = (fvector)a[i * a_row];
            _Pragma("clang loop unroll(full)")
            for (size_t j = 0; j < TILE_VECTORS; j++) s[i][j] = __builtin_elementwise_fma(x, row[j], s[i][j]);
        }
    }
    finish_tile(s, rows, column, columns, c, end);
}

#define PRODUCT_TILE(rows) case rows: product_tile(a, a_row, a_k, b, b_k, k, rows, column, columns, c, end); break;

static __attribute__((noinline)) void product_last_rows(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t k,
                                                        size_t rows, size_t column, size_t columns, float *c, const product_end *end) {
    switch (rows) {
        PRODUCT_TILE(1) PRODUCT_TILE(2) PRODUCT_TILE(3)
#if LEVEL > 0
        PRODUCT_TILE(4) PRODUCT_TILE(5)
#endif
#if LEVEL == 2
        PRODUCT_TILE(6) PRODUCT_TILE(7) PRODUCT_TILE(8) PRODUCT_TILE(9) PRODUCT_TILE(10) PRODUCT_TILE(11) PRODUCT_TILE(12) PRODUCT_TILE(13)
#endif
    }
}

// A tile's columns of B, of which there are fewer than a tile has: filled up with zeros.
static void pad_columns(const float *b, size_t b_k, size_t k, size_t columns, float *padded) {
    for (size_t at = 0; at < k; at++, b += b_k, padded += TILE_COLUMNS) {
        for (size_t j = 0; j < TILE_COLUMNS; j++) padded[j] = 0;
        __builtin_memcpy(padded, b, columns * sizeof(float));
    }
}

static void loop_product(const float *a, size_t a_row, size_t a_k, const float *b, size_t b_k, size_t b_panel, float *c, size_t c_row,
                         size_t m, size_t n, size_t k, const float *bias, int is_rectified) {
    float padded[BLOCK_K * TILE_COLUMNS];
    for (size_t from_k = 0; from_k < k || k == 0; from_k += BLOCK_K) {
        size_t some_k = k - from_k < BLOCK_K ? k - from_k : BLOCK_K;
        product_end end = {c, c_row, from_k == 0, from_k + some_k == k, bias, is_rectified};
        for (size_t from = 0; from < m; from += BLOCK_ROWS) {
            size_t some = m - from < BLOCK_ROWS ? m - from : BLOCK_ROWS;
            for (size_t column = 0; column < n; column += TILE_COLUMNS) {
                size_t columns = n - column < TILE_COLUMNS ? n - column : TILE_COLUMNS;
                const float *b_here = b + column / CK_PANEL * b_panel + column % CK_PANEL + from_k * b_k;
                size_t b_step = b_k;
                if (columns != TILE_COLUMNS) {
                    pad_columns(b_here, b_k, some_k, columns, padded);
                    b_here = padded;
                    b_step = TILE_COLUMNS;
                }
                const float *a_here = a + from * a_row + from_k * a_k;
                float *c_here = c + from * c_row + column;
                size_t row = 0;
                for (; row + TILE_ROWS <= some; row += TILE_ROWS)
                    product_tile(a_here + row * a_row, a_row, a_k, b_here, b_step, some_k, TILE_ROWS, column, columns, c_here + row * c_row, &end);
                if (row < some)
                    product_last_rows(a_here + row * a_row, a_row, a_k, b_here, b_step, some_k, some - row, column, columns, c_here + row * c_row, &end);
            }
        }
        if (k == 0) break;
    }
}

// Panels of CK_PANEL rows of W (n, k), transposed: the values of k one after the other, of each those of the panel's rows; what is missing is 0.
static void loop_pack_panels(const float *w, size_t n, size_t k, float *panels) {
    for (size_t first = 0; first < n; first += CK_PANEL) {
        size_t rows = n - first < CK_PANEL ? n - first : CK_PANEL;
        for (size_t at = 0; at < k; at++) {
            for (size_t r = 0; r < CK_PANEL; r++) panels[r] = r < rows ? w[(first + r) * k + at] : 0.0f;
            panels += CK_PANEL;
        }
    }
}
