// Entropy coding of a gradient's sum without loss: a piece of a weight's gradient, rows of `columns` elements (a row: an output, a column: an
// input), of which the piece takes up `n` from column `first` of its first row on.
//
// Contexts. |gradient| of weight (i, j) is about scale(i) · scale(j). Rows and columns have classes 1 to 15, the logarithms of their mean
// magnitudes (0: all zero, and such elements are not coded). Elements of like class(row) + class(column) share a context: a table of frequencies.
// Behind a ReLU inputs are never negative, so a row's elements tend to one sign: a row with more − than + is negated, and rows with a large
// surplus of one sign have contexts of their own.
//
// Values. z is the zig-zag of an element. Below 16 it is its own token. Else e = ⌊log2 z⌋, the token is 16 + 2·(e − 4) + (z mod 2, the sign),
// and the e − 1 bits of z between the highest and the lowest follow as they are. Tokens are coded by sixteen interleaved rANS states (Duda, 2009;
// Giesen, 2014) in [2^15, 2^31), which take in and give out words of 16 bits: element k of a row's coded ones belongs to state k mod 16.
//
//  | rows: class | surplus << 4 | negated << 5 | columns: class, 4 bits each | contexts of the sums 2 … 30 of classes, 29 bytes |
//  | 16 tables: u8 tokens, then of each its frequency of 1,024 in one byte or two | u32 bytes that follow as they are | those |
//  | u32 states, 16 | u16 words |
//
// Any choice of classes, contexts and tables decodes to the same values, so nothing that is estimated here has to be known by the decoder. The
// bytes are the same at every level all the same: sums of magnitudes are added in one order, and logarithms are those of their bits.
//
// A decoder's bytes may hold anything: it reads them within their count and writes within the piece.

enum {
    ENTROPY_BITS = 10,                     // frequencies add up to 2^10
    ENTROPY_SCALES = 8,                    // contexts by scale, once for each of two kinds of rows
    ENTROPY_CONTEXTS = 2 * ENTROPY_SCALES,
    ENTROPY_TOKENS = 72,
    ENTROPY_SUMS = 29,                     // class sums 2 … 30
    ENTROPY_LOWEST = 1 << 15,              // of a state
    ENTROPY_SURPLUS = 16,
    ENTROPY_NEGATED = 32,
};

// What happens to a state: division by the frequency as the upper half of a product with 2^64 / frequency rounded up, which is exact.
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
    uint8_t made[32];                                  // which lines of `contexts` are there
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

// The part of a row that is in the piece: columns from ..< to, from element `at` of the piece on.
typedef struct { size_t from, to, at; } entropy_part;
INLINE entropy_part entropy_row(size_t n, size_t first, size_t columns, size_t row) {
    size_t low = row * columns, high = low + columns, from = low < first ? first : low, to = high > first + n ? first + n : high;
    return (entropy_part){from - low, to - low, from - first};
}

// Which of the columns that live lie in such a part.
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

// Leaves the classes of the columns that live, side by side, and their places.
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

// Classes 1 … 15 of the logarithms of sums, at most four to an octave and over ten octaves at most; 0 for zero. The bits of a positive float grow
// with its logarithm, and nearly as fast.
static void entropy_classes(const float *sums, size_t n, uint8_t *classes) {
    enum { OCTAVE = 1 << 23 };
    uint32_t lowest = UINT32_MAX, highest = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t b;
        __builtin_memcpy(&b, sums + i, sizeof b);
        if (b == 0) continue;
        if (b < lowest) lowest = b;
        if (b > highest) highest = b;
    }
    if (highest == 0) lowest = 0;
    uint32_t span = highest - lowest;
    if (span > 10 * OCTAVE) span = 10 * OCTAVE;
    lowest = highest - span;
    if (span < 15 * (OCTAVE / 4)) span = 15 * (OCTAVE / 4);
    for (size_t i = 0; i < n; i++) {
        uint32_t b;
        __builtin_memcpy(&b, sums + i, sizeof b);
        uint32_t class = b <= lowest ? 1 : 1 + (uint32_t)((uint64_t)(b - lowest) * 15 / (span + 1));
        classes[i] = b == 0 ? 0 : (uint8_t)(class > 15 ? 15 : class);
    }
}

// Frequencies that add up to 2^10, at least 1 for each token that occurs.
static void entropy_frequencies(const uint32_t *counts, uint64_t total, uint16_t *frequencies) {
    int32_t left = 1 << ENTROPY_BITS;
    for (int t = 0; t < ENTROPY_TOKENS; t++) {
        uint32_t f = (uint32_t)((((uint64_t)counts[t] << ENTROPY_BITS) + total / 2) / total);
        if (f == 0 && counts[t]) f = 1;
        frequencies[t] = (uint16_t)f;
        left -= (int32_t)f;
    }
    while (left != 0) {
        int most = 0;
        for (int t = 1; t < ENTROPY_TOKENS; t++) if (frequencies[t] > frequencies[most]) most = t;
        int32_t change = left > 0 ? left : -1;
        frequencies[most] = (uint16_t)(frequencies[most] + change);
        left -= change;
    }
}

static entropy_symbol entropy_symbol_of(uint32_t start, uint32_t frequency) {
    const uint32_t all = 1u << ENTROPY_BITS;
    // 2^64 has one bit too many: with 2^64 − 1 the quotient is one too small, which the start makes up for.
    if (frequency == 1) return (entropy_symbol){UINT64_MAX, 1u << (31 - ENTROPY_BITS), (uint16_t)(start + all - 1), (uint16_t)(all - 1)};
    return (entropy_symbol){UINT64_MAX / frequency + 1, frequency << (31 - ENTROPY_BITS), (uint16_t)start, (uint16_t)(all - frequency)};
}

// Takes a token in; the two bytes in front of `words` are written in any case. Shifts are by constants: others are slow without BMI2.
INLINE uint32_t entropy_push(uint32_t state, const entropy_symbol *s, uint8_t **words) {
    uint16_t word = (uint16_t)state;
    __builtin_memcpy(*words - 2, &word, sizeof word);
    uint32_t over = state >= s->most, shorter = state >> 16;
    *words -= 2 * over;
    state = over ? shorter : state;
    uint32_t quotient = (uint32_t)(((unsigned __int128)state * s->reciprocal) >> 64);
    return state + s->start + quotient * s->complement;
}

INLINE uint8_t *entropy_put(uint8_t *at, uint32_t value) {
    __builtin_memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

// 1. Classes of rows and columns, by magnitude; which rows are negated or have a surplus of one sign above the mean.
static void entropy_classify(entropy_scratch *s, const int32_t *x, size_t n, size_t first) {
    float *restrict sums = s->column_sums;
    __builtin_memset(sums, 0, s->columns * sizeof *sums);
    uint64_t surpluses = 0, counted = 0;
    for (size_t r = 0; r < s->rows; r++) {
        entropy_part part = entropy_row(n, first, s->columns, r);
        const int32_t *restrict row = x + part.at;
        size_t count = part.to - part.from;
        float *restrict of_part = sums + part.from;
        for (size_t j = 0; j < count; j++) {
            float v = (float)row[j];
            of_part[j] += v < 0 ? -v : v;
        }
        uint64_t sum = 0;
        int32_t more = 0, less = 0;
        for (size_t j = 0; j < count; j++) {
            uint32_t mask = (uint32_t)(row[j] >> 31);
            sum += ((uint32_t)row[j] ^ mask) - mask;
            more += row[j] > 0;
            less += row[j] < 0;
        }
        s->row_sums[r] = (float)(int64_t)sum / (float)(int32_t)count;
        s->surplus[r] = 0;
        if (more + less == 0) continue;
        // In parts of 2^14.
        s->surplus[r] = (int32_t)((int64_t)(more - less) * (1 << 14) / (more + less));
        surpluses += (uint64_t)(s->surplus[r] < 0 ? -s->surplus[r] : s->surplus[r]);
        counted++;
    }
    entropy_classes(s->row_sums, s->rows, s->row_bytes);
    entropy_classes(sums, s->columns, s->column_classes);
    int32_t mean = counted ? (int32_t)(surpluses / counted) : 0;
    for (size_t r = 0; r < s->rows; r++) {
        int32_t size = s->surplus[r] < 0 ? -s->surplus[r] : s->surplus[r];
        if (s->row_bytes[r] && size > mean) s->row_bytes[r] |= ENTROPY_SURPLUS;
        if (s->surplus[r] < 0) s->row_bytes[r] |= ENTROPY_NEGATED;
    }
}

// 2. Contexts of about equally many elements.
static void entropy_map(const entropy_scratch *s, uint8_t *map) {
    uint64_t rows[16] = {0}, columns[16] = {0}, sums[31] = {0}, all = 0, before = 0;
    for (size_t r = 0; r < s->rows; r++) rows[s->row_bytes[r] & 15]++;
    for (size_t j = 0; j < s->columns; j++) columns[s->column_classes[j]]++;
    for (int i = 1; i < 16; i++)
        for (int j = 1; j < 16; j++) {
            sums[i + j] += rows[i] * columns[j];
            all += rows[i] * columns[j];
        }
    for (int sum = 2; sum < 31; sum++) {
        map[sum - 2] = (uint8_t)((before + sums[sum] / 2) * ENTROPY_SCALES / (all + 1));
        before += sums[sum];
    }
}

// 3. Tokens, how often each occurs, and at `raw` the bits that stay as they are. Returns how many tokens there are; `raw` moves on.
static size_t entropy_tokenise(entropy_scratch *s, const int32_t *x, size_t n, size_t first, const uint8_t *map, uint8_t **raw) {
    __builtin_memset(s->counts, 0, sizeof s->counts);
    uint8_t *to = *raw;
    uint64_t held = 0;
    uint32_t have = 0;
    size_t total = 0;
    for (size_t r = 0; r < s->rows; r++) {
        s->coded[r] = 0;
        if (!(s->row_bytes[r] & 15)) continue;
        entropy_part part = entropy_row(n, first, s->columns, r);
        entropy_lives lives = entropy_living(s, part);
        const uint16_t *restrict contexts = entropy_contexts(s, s->row_bytes[r], map, ENTROPY_TOKENS) + lives.from;
        const int32_t *restrict row = x + part.at;
        size_t count = lives.to - lives.from;
        if (s->lives < s->columns) {
            for (size_t k = 0; k < count; k++) s->line[k] = row[s->live[lives.from + k] - part.from];
            row = s->line;
        }
        uint16_t *restrict index = s->index + total;
        uint32_t *restrict z = s->z, flip = s->row_bytes[r] & ENTROPY_NEGATED ? UINT32_MAX : 0;
        for (size_t k = 0; k < count; k++) {
            z[k] = zigzag((int32_t)(((uint32_t)row[k] ^ flip) - flip));
            // The exponent of a float that is not rounded up to another: of ones at the top eight remain.
            uint32_t h = z[k] >> 1, b;
            h &= ~(h >> 8);
            float f = (float)(int32_t)h;
            __builtin_memcpy(&b, &f, sizeof b);
            uint32_t token = 2 * (b >> 23) + (z[k] & 1) - (2 * 126 - 8), small = 0u - (uint32_t)(z[k] < 16);
            index[k] = (uint16_t)(contexts[k] + (token ^ ((token ^ z[k]) & small)));
        }
        // Four tables, since one that was just changed cannot be read at once.
        size_t k = 0;
        for (; k + 4 <= count; k += 4)
            for (size_t q = 0; q < 4; q++) s->counts[q][index[k + q]]++;
        for (; k < count; k++) s->counts[0][index[k]]++;
        size_t larges = 0;
        for (k = 0; k < count; k++) {
            s->large[larges] = (uint16_t)k;
            larges += z[k] >= 16;
        }
        for (k = 0; k < larges; k++) {
            uint32_t value = z[s->large[k]], width = 30 - (uint32_t)__builtin_clz(value);
            held |= (uint64_t)((value >> 1) & ((1u << width) - 1)) << have;
            have += width;
            __builtin_memcpy(to, &held, sizeof held);
            to += have >> 3;
            held >>= have & 56;
            have &= 7;
        }
        total += count;
        s->coded[r] = (uint16_t)count;
    }
    __builtin_memcpy(to, &held, sizeof held);
    *raw = to + ((have + 7) >> 3);
    return total;
}

// 4. Tables, at `to`; returns where they end.
static uint8_t *entropy_put_tables(entropy_scratch *s, uint8_t *to) {
    for (int c = 0; c < ENTROPY_CONTEXTS; c++) {
        uint32_t *counts = s->counts[0] + c * ENTROPY_TOKENS;
        uint64_t total = 0;
        int tokens = 0;
        for (int t = 0; t < ENTROPY_TOKENS; t++) {
            for (int q = 1; q < 4; q++) counts[t] += s->counts[q][c * ENTROPY_TOKENS + t];
            total += counts[t];
            if (counts[t]) tokens = t + 1;
        }
        *to++ = (uint8_t)tokens;
        if (!tokens) continue;
        uint16_t frequencies[ENTROPY_TOKENS];
        entropy_frequencies(counts, total, frequencies);
        uint32_t start = 0;
        for (int t = 0; t < tokens; t++) {
            uint32_t f = frequencies[t];
            if (f >= 128) *to++ = (uint8_t)(128 | f >> 8);
            *to++ = (uint8_t)f;
            if (f) s->symbols[c * ENTROPY_TOKENS + t] = entropy_symbol_of(start, f);
            start += f;
        }
    }
    return to;
}

static size_t loop_entropy_encode(const int32_t *x, size_t n, size_t first, size_t columns, void *scratch, uint8_t *bytes) {
    entropy_scratch *s = entropy_lay_out(scratch, n, first, columns);
    entropy_classify(s, x, n, first);
    uint8_t *to = bytes;
    __builtin_memcpy(to, s->row_bytes, s->rows);
    to += s->rows;
    for (size_t j = 0; j < columns; j += 2) *to++ = (uint8_t)(s->column_classes[j] | (j + 1 < columns ? s->column_classes[j + 1] << 4 : 0));
    uint8_t *map = to;
    to += ENTROPY_SUMS;
    entropy_map(s, map);
    entropy_find_lives(s);
    // For now behind the largest tables that there can be; the words are written from the end of the memory backwards.
    uint8_t *raw_start = to + ENTROPY_CONTEXTS * (1 + 2 * ENTROPY_TOKENS) + 4, *raw_end = raw_start;
    size_t total = entropy_tokenise(s, x, n, first, map, &raw_end);
    to = entropy_put_tables(s, to);
    to = entropy_put(to, (uint32_t)(raw_end - raw_start));
    __builtin_memmove(to, raw_start, (size_t)(raw_end - raw_start));
    to += raw_end - raw_start;
    // 5. Tokens, the last first.
    uint32_t states[LANES];
    for (int l = 0; l < LANES; l++) states[l] = ENTROPY_LOWEST;
    uint8_t *end = bytes + ck_entropy_bound(n, first, columns), *words = end;
    const uint16_t *index = s->index + total;
    for (size_t r = s->rows; r-- > 0;) {
        size_t k = s->coded[r];
        index -= k;
        while (k % LANES) {
            k--;
            states[k % LANES] = entropy_push(states[k % LANES], s->symbols + index[k], &words);
        }
        while (k) {
            k -= LANES;
#pragma clang loop unroll(full)
            for (int l = LANES - 1; l >= 0; l--) states[l] = entropy_push(states[l], s->symbols + index[k + (size_t)l], &words);
        }
    }
    for (int l = 0; l < LANES; l++) to = entropy_put(to, states[l]);
    __builtin_memmove(to, words, (size_t)(end - words));
    return (size_t)(to - bytes) + (size_t)(end - words);
}

// Gives a token out; reads the two bytes at `words` in any case.
INLINE uint8_t entropy_pop(uint32_t *state, const uint32_t *slots, const uint8_t **words) {
    uint32_t v = slots[*state & ((1u << ENTROPY_BITS) - 1)], x = ((v >> 7 & 4095) + 1) * (*state >> ENTROPY_BITS) + (v >> 19);
    uint16_t word;
    __builtin_memcpy(&word, *words, sizeof word);
    uint32_t under = x < ENTROPY_LOWEST, refilled = x << 16 | word;
    *state = under ? refilled : x;
    *words += 2 * under;
    return (uint8_t)(v & 127);
}

// Tokens of a row in whole groups of sixteen, as many as the words left are sure to be enough for; returns how many.
#if LEVEL >= 1 && LEVEL <= 3
// By which of eight lanes take in a word: whose word is whose.
#define LANE(m, l) (uint8_t)__builtin_popcount((m) & ((1u << (l)) - 1))
#define MASK(m) {LANE(m, 0), LANE(m, 1), LANE(m, 2), LANE(m, 3), LANE(m, 4), LANE(m, 5), LANE(m, 6), LANE(m, 7)}
#define MASKS4(m) MASK(m), MASK(m + 1), MASK(m + 2), MASK(m + 3)
#define MASKS16(m) MASKS4(m), MASKS4(m + 4), MASKS4(m + 8), MASKS4(m + 12)
#define MASKS64(m) MASKS16(m), MASKS16(m + 16), MASKS16(m + 32), MASKS16(m + 48)
static const uint8_t entropy_order[256][8] = {MASKS64(0), MASKS64(64), MASKS64(128), MASKS64(192)};
#undef LANE
#undef MASK
#undef MASKS4
#undef MASKS16
#undef MASKS64

INLINE __m256i entropy_pop_eight(__m256i states, const uint32_t *slots, const uint16_t *contexts, const uint8_t **words, __m256i *tokens) {
    const __m256i lowest = _mm256_set1_epi32(ENTROPY_LOWEST), slot_mask = _mm256_set1_epi32((1 << ENTROPY_BITS) - 1);
    __m256i at = _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)contexts)), 4);
    __m256i v = _mm256_i32gather_epi32((const int *)slots, _mm256_add_epi32(at, _mm256_and_si256(states, slot_mask)), 4);
    __m256i frequency = _mm256_add_epi32(_mm256_and_si256(_mm256_srli_epi32(v, 7), _mm256_set1_epi32(4095)), _mm256_set1_epi32(1));
    __m256i x = _mm256_add_epi32(_mm256_mullo_epi32(frequency, _mm256_srli_epi32(states, ENTROPY_BITS)), _mm256_srli_epi32(v, 19));
    __m256i under = _mm256_cmpgt_epi32(lowest, x);
    uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(under));
    __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)entropy_order[mask]));
    __m256i word = _mm256_permutevar8x32_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)*words)), order);
    *words += 2 * __builtin_popcount(mask);
    *tokens = _mm256_and_si256(v, _mm256_set1_epi32(127));
    return _mm256_blendv_epi8(x, _mm256_or_si256(_mm256_slli_epi32(x, 16), word), under);
}

INLINE size_t entropy_pop_groups(uint32_t *states, const uint32_t *slots, const uint16_t *contexts, size_t count, uint8_t *tokens,
                                 const uint8_t **words, const uint8_t *end) {
    const uint8_t *p = *words;
    size_t k = 0;
    __m256i a = _mm256_loadu_si256((__m256i *)states), b = _mm256_loadu_si256((__m256i *)(states + 8)), low, high;
    for (; k + LANES <= count && end - p >= 2 * LANES; k += LANES) {
        a = entropy_pop_eight(a, slots, contexts + k, &p, &low);
        b = entropy_pop_eight(b, slots, contexts + k + 8, &p, &high);
        __m256i both = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xD8);
        _mm_storeu_si128((__m128i *)(tokens + k), _mm_packus_epi16(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
    }
    _mm256_storeu_si256((__m256i *)states, a);
    _mm256_storeu_si256((__m256i *)(states + 8), b);
    *words = p;
    return k;
}
#else
INLINE size_t entropy_pop_groups(uint32_t *states, const uint32_t *slots, const uint16_t *contexts, size_t count, uint8_t *tokens,
                                 const uint8_t **words, const uint8_t *end) {
    const uint8_t *p = *words;
    size_t k = 0;
    for (; k + LANES <= count && end - p >= 2 * LANES; k += LANES) {
#pragma clang loop unroll(full)
        for (size_t l = 0; l < LANES; l++) tokens[k + l] = entropy_pop(states + l, slots + ((size_t)contexts[k + l] << 4), &p);
    }
    *words = p;
    return k;
}
#endif

// Reads the tables; null where they are none that an encoder writes.
static const uint8_t *entropy_take_tables(entropy_scratch *s, const uint8_t *p, const uint8_t *end) {
    for (uint32_t c = 0; c < ENTROPY_CONTEXTS; c++) {
        if (p == end || *p > ENTROPY_TOKENS) return NULL;
        uint32_t tokens = *p++, start = 0, *slots = s->slots + (c << ENTROPY_BITS);
        for (uint32_t t = 0; t < tokens; t++) {
            if (end - p < 2) return NULL;
            uint32_t f = *p++;
            if (f & 128) f = (f & 127) << 8 | *p++;
            if (f > (1u << ENTROPY_BITS) - start) return NULL;
            for (uint32_t i = 0; i < f; i++) slots[start + i] = t | (f - 1) << 7 | i << 19;
            start += f;
        }
        if (tokens && start != 1u << ENTROPY_BITS) return NULL;
        // A context without elements, which a damaged row may yet ask for: as if all were token 0.
        for (uint32_t i = start; i < 1u << ENTROPY_BITS; i++) slots[i] = ((1u << ENTROPY_BITS) - 1) << 7 | i << 19;
    }
    return p;
}

// Values of a row's tokens, of which the raw bits begin at bit `*at`; 0 where there are less than `most` of them.
INLINE int entropy_values(const entropy_scratch *s, size_t count, uint32_t flip, const uint8_t *raw, size_t *at, size_t most, int32_t *restrict line) {
    const uint8_t *restrict tokens = s->tokens;
    uint32_t any = 0;
    for (size_t k = 0; k < count; k++) any |= tokens[k];
    if (any < 16) {
        for (size_t k = 0; k < count; k++) line[k] = (int32_t)(((uint32_t)unzigzag(tokens[k]) ^ flip) - flip);
        return 1;
    }
    size_t need = 0, place = *at;
    for (size_t k = 0; k < count; k++) need += tokens[k] < 16 ? 0 : (size_t)(tokens[k] >> 1) - 5;
    if (need > most - place) return 0;
    for (size_t k = 0; k < count;) {
        uint64_t eight = UINT64_MAX;
        if (k + 8 <= count) __builtin_memcpy(&eight, tokens + k, sizeof eight);
        size_t until = k + 8 < count ? k + 8 : count;
        if (!(eight & 0x7070707070707070)) {  // None of the eight has raw bits.
            for (; k < until; k++) line[k] = (int32_t)(((uint32_t)unzigzag(tokens[k]) ^ flip) - flip);
            continue;
        }
        for (; k < until; k++) {
            // Eight bytes stay within the piece's, since the states follow.
            uint32_t t = tokens[k], width = s->raw[t];
            uint64_t held;
            __builtin_memcpy(&held, raw + (place >> 3), sizeof held);
            uint32_t z = s->base[t] + (((uint32_t)(held >> (place & 7)) & ((1u << width) - 1)) << 1);
            place += width;
            line[k] = (int32_t)(((uint32_t)unzigzag(z) ^ flip) - flip);
        }
    }
    *at = place;
    return 1;
}

static int loop_entropy_decode(const uint8_t *bytes, size_t count, size_t n, size_t first, size_t columns, int is_added, void *scratch, int32_t *x) {
    entropy_scratch *s = entropy_lay_out(scratch, n, first, columns);
    const uint8_t *p = bytes, *end = bytes + count;
    if (count < s->rows + (columns + 1) / 2 + ENTROPY_SUMS) return 0;
    __builtin_memcpy(s->row_bytes, p, s->rows);
    p += s->rows;
    uint8_t row_bits = 0;
    for (size_t r = 0; r < s->rows; r++) row_bits |= s->row_bytes[r];
    if (row_bits >= 64) return 0;
    for (size_t j = 0; j < columns; j++) s->column_classes[j] = p[j / 2] >> j % 2 * 4 & 15;
    p += (columns + 1) / 2;
    entropy_find_lives(s);
    const uint8_t *map = p;
    p += ENTROPY_SUMS;
    for (int sum = 0; sum < ENTROPY_SUMS; sum++) if (map[sum] >= ENTROPY_SCALES) return 0;
    p = entropy_take_tables(s, p, end);
    if (!p || end - p < 4) return 0;
    uint32_t raw_bytes, states[LANES];
    __builtin_memcpy(&raw_bytes, p, sizeof raw_bytes);
    p += sizeof raw_bytes;
    if ((size_t)(end - p) < (size_t)raw_bytes + sizeof states) return 0;
    const uint8_t *raw = p;
    size_t place = 0;
    p += raw_bytes;
    __builtin_memcpy(states, p, sizeof states);
    p += sizeof states;
    for (int l = 0; l < LANES; l++) if (states[l] >> 31) return 0;
    int is_dense = s->lives == columns;
    for (size_t r = 0; r < s->rows; r++) {
        entropy_part part = entropy_row(n, first, columns, r);
        int32_t *row = x + part.at;
        uint8_t class = s->row_bytes[r] & 15;
        if (!is_added && !(is_dense && class)) __builtin_memset(row, 0, (part.to - part.from) * sizeof *row);
        if (!class) continue;
        entropy_lives lives = entropy_living(s, part);
        size_t here = lives.to - lives.from;
        const uint16_t *contexts = entropy_contexts(s, s->row_bytes[r], map, 1u << (ENTROPY_BITS - 4)) + lives.from;  // 16 bits hold a sixteenth
        size_t k = entropy_pop_groups(states, s->slots, contexts, here, s->tokens, &p, end);
        for (; k < here; k++) {
            // Near the end, a word that is not there is only a fault where it is needed.
            uint8_t padded[2] = {0};
            size_t left = (size_t)(end - p);
            __builtin_memcpy(padded, p, left < 2 ? left : 2);
            const uint8_t *q = padded;
            s->tokens[k] = entropy_pop(states + k % LANES, s->slots + ((size_t)contexts[k] << 4), &q);
            if ((size_t)(q - padded) > left) return 0;
            p += q - padded;
        }
        uint32_t flip = s->row_bytes[r] & ENTROPY_NEGATED ? UINT32_MAX : 0;
        int32_t *line = is_dense && !is_added ? row : s->line;
        if (!entropy_values(s, here, flip, raw, &place, (size_t)raw_bytes * 8, line)) return 0;
        if (is_dense && is_added) {
            for (k = 0; k < here; k++) row[k] = (int32_t)((uint32_t)row[k] + (uint32_t)line[k]);
        } else if (!is_dense) {
            for (k = 0; k < here; k++) {
                int32_t *to = row + (s->live[lives.from + k] - part.from);
                *to = (int32_t)((uint32_t)*to + (uint32_t)line[k]);
            }
        }
    }
    for (int l = 0; l < LANES; l++) if (states[l] != ENTROPY_LOWEST) return 0;
    return p == end && (size_t)raw_bytes * 8 - place < 8;
}
