// Lossless entropy coding of a gradient's sum: of a piece of a weight's gradient. The gradient has rows of `columns` elements (a row: an output, a
// column: an input); the piece is `n` elements from column `first` of its first row on.
//
// Contexts. |gradient| of weight (i, j) is about scale(i) · scale(j). Rows and columns have classes 1 to 15, the logarithms of their mean magnitudes
// (0: all zero, and such elements are not coded). Elements of similar class(row) + class(column) share a context: a table of frequencies. After a
// ReLU inputs are never negative, so a row's elements tend to one sign. A row with more − than + is negated, and rows with a large surplus of one
// sign have contexts of their own.
//
// Values. z is the zig-zag of an element. Below 16 it is its own token. Else e = ⌊log2 z⌋, the token is 16 + 2·(e − 4) + (z mod 2, the sign), and the
// e − 1 bits of z between the highest and the lowest follow as they are. Tokens are coded by sixteen interleaved rANS states (Duda, 2009; Giesen,
// 2014) in [2^15, 2^31). States absorb and emit words of 16 bits. Coded element k of a row belongs to state k mod 16.
//
//  | rows: class | surplus << 4 | negated << 5 | columns: class, 4 bits each | contexts of the sums 2 … 30 of classes, 29 bytes |
//  | 16 tables: u8 tokens, then of each its frequency of 1,024, in two bytes from 128 on | u32 bytes that follow as they are | those |
//  | u32 states, 16 | u16 words |
//
// Any choice of classes, contexts and tables decodes to the same values, so the decoder need not repeat any estimate made here. Still, the bytes are
// the same at every level: sums of magnitudes are added in a fixed order, and logarithms are taken from their bits.

enum {
    ENTROPY_BITS = 10,                     // frequencies add up to 2^10
    ENTROPY_SCALES = 8,                    // contexts by scale, once for each of two kinds of rows
    ENTROPY_CONTEXTS = 2 * ENTROPY_SCALES,
    ENTROPY_TOKENS = 72,
    ENTROPY_SUMS = 29,                     // class sums 2 … 30
    ENTROPY_LOWEST = 1 << 15,              // lower bound of a state
    ENTROPY_SURPLUS = 16,
    ENTROPY_NEGATED = 32,
};

// How a token changes a state. Division by the frequency is the upper half of a product with 2^64 / frequency rounded up, which is exact.
typedef struct {
    uint64_t reciprocal;
    uint32_t most;
    uint16_t start, complement;
} entropy_symbol;

// The caller's scratch.
typedef struct {
    entropy_symbol symbols[ENTROPY_CONTEXTS * ENTROPY_TOKENS];
    uint32_t counts[4][ENTROPY_CONTEXTS * ENTROPY_TOKENS];
    uint32_t slots[ENTROPY_CONTEXTS << ENTROPY_BITS];  // token | (frequency − 1) << 7 | offset in its range << 19
    uint32_t base[ENTROPY_TOKENS];
    uint8_t raw[ENTROPY_TOKENS];
    uint8_t made[32];                                  // which lines of `contexts` have been made
    size_t rows, columns, lives;
    float *column_sums, *row_sums;
    uint32_t *z;
    int32_t *line, *surplus;
    uint16_t *contexts, *index;                        // by class and surplus of a row, one each of the columns that live; context and token
    uint16_t *live, *large, *coded;                    // columns that are not all zero; places in a row; elements of a row that are coded
    uint8_t *column_classes, *row_bytes, *tokens;
} entropy_scratch;

_Static_assert(sizeof(entropy_scratch) <= CK_ENTROPY_TABLES, "CK_ENTROPY_TABLES is too small");

static entropy_scratch *entropy_lay_out(void *memory, size_t n, size_t first, size_t columns) {
    entropy_scratch *s = memory;
    uint8_t *at = (uint8_t *)memory + CK_ENTROPY_TABLES;
    s->rows = (first + n - 1) / columns + 1;
    s->columns = columns;
#define TAKE(array, count) do { s->array = (void *)at; at += ((count) * sizeof *s->array + 7) / 8 * 8; } while (0)
    TAKE(column_sums, columns);
    TAKE(row_sums, s->rows);
    TAKE(z, columns);
    TAKE(line, columns);
    TAKE(surplus, s->rows);
    TAKE(contexts, 32 * columns);
    TAKE(index, n);
    TAKE(live, columns);
    TAKE(large, columns);
    TAKE(coded, s->rows);
    TAKE(column_classes, columns);
    TAKE(row_bytes, s->rows);
    TAKE(tokens, columns);
#undef TAKE
    for (uint32_t t = 0; t < ENTROPY_TOKENS; t++) {
        uint32_t exponent = 4 + (t - 16) / 2;
        s->base[t] = t < 16 ? t : (uint32_t)1 << exponent | (t & 1);
        s->raw[t] = t < 16 ? 0 : (uint8_t)(exponent - 1);
    }
    __builtin_memset(s->made, 0, sizeof s->made);
    return s;
}

// The part of a row that is in the piece: columns from ..< to; the first is element `at` of the piece.
typedef struct { size_t from, to, at; } entropy_part;
INLINE entropy_part entropy_row(size_t n, size_t first, size_t columns, size_t row) {
    size_t low = row * columns, high = low + columns, from = low < first ? first : low, to = high > first + n ? first + n : high;
    return (entropy_part){from - low, to - low, from - first};
}

// The living columns (not all zero) in such a part, as a range among all living ones.
typedef struct { size_t from, to; } entropy_lives;
INLINE entropy_lives entropy_living(const entropy_scratch *s, entropy_part part) {
    size_t from = 0, to = s->lives;
    while (from < to && s->live[from] < part.from) from++;
    while (to > from && s->live[to - 1] >= part.to) to--;
    return (entropy_lives){from, to};
}

// The contexts of a row's living columns, each times `unit`.
static const uint16_t *entropy_contexts(entropy_scratch *s, uint8_t row, const uint8_t *map, uint32_t unit) {
    uint32_t key = row & 31, kind = row & ENTROPY_SURPLUS ? ENTROPY_SCALES : 0;
    uint16_t *line = s->contexts + key * s->columns;
    if (!s->made[key]) {
        for (size_t k = 0; k < s->lives; k++) line[k] = (uint16_t)((kind + map[(key & 15) + s->column_classes[k] - 2]) * unit);
        s->made[key] = 1;
    }
    return line;
}

// Keeps only the classes of living columns, without gaps, and records their places.
static void entropy_find_lives(entropy_scratch *s) {
    size_t lives = 0;
    for (size_t j = 0; j < s->columns; j++) {
        uint8_t class = s->column_classes[j];
        s->column_classes[lives] = class;
        s->live[lives] = (uint16_t)j;
        lives += class != 0;
    }
    s->lives = lives;
}
