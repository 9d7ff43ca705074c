// The encoder of loops_entropy.h: classes, contexts, tokens, tables, and the tokens of all rows, the last first.

// Classes 1 … 15 of the logarithms of sums, at most four to an octave and over ten octaves at most; 0 for zero. The bits of a positive float stand
// for its logarithm, as they grow nearly in proportion.
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
    // 2^64 has one bit too many: with 2^64 − 1 the quotient is one too small, which the start corrects.
    if (frequency == 1) return (entropy_symbol){UINT64_MAX, 1u << (31 - ENTROPY_BITS), (uint16_t)(start + all - 1), (uint16_t)(all - 1)};
    return (entropy_symbol){UINT64_MAX / frequency + 1, frequency << (31 - ENTROPY_BITS), (uint16_t)start, (uint16_t)(all - frequency)};
}

// Adds a token to a state; always writes the two bytes before `words`. Shifts are by constants, since others are slow without BMI2.
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
        // In units of 2^−14.
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

// 3. Tokens, how often each occurs, and at `raw` the bits that stay as they are. Returns the number of tokens and advances `raw`.
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
            // Takes a float's exponent. So that the float is not rounded up to the next one, at most eight leading ones remain.
            uint32_t h = z[k] >> 1, b;
            h &= ~(h >> 8);
            float f = (float)(int32_t)h;
            __builtin_memcpy(&b, &f, sizeof b);
            uint32_t token = 2 * (b >> 23) + (z[k] & 1) - (2 * 126 - 8), small = 0u - (uint32_t)(z[k] < 16);
            index[k] = (uint16_t)(contexts[k] + (token ^ ((token ^ z[k]) & small)));
        }
        // Four tables, since a count that was just written cannot be read again at once.
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
    // The raw bits stand for now after the space of the largest possible tables; words are written backwards from the end of the memory.
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
