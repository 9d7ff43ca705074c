// The decoder of loops_entropy.h. Its input may be any bytes: it never reads beyond their count and never writes outside the piece.

// Takes a token from a state; always reads the two bytes at `words`.
INLINE uint8_t entropy_pop(uint32_t *state, const uint32_t *slots, const uint8_t **words) {
    uint32_t v = slots[*state & ((1u << ENTROPY_BITS) - 1)], x = ((v >> 7 & 4095) + 1) * (*state >> ENTROPY_BITS) + (v >> 19);
    uint16_t word;
    __builtin_memcpy(&word, *words, sizeof word);
    uint32_t under = x < ENTROPY_LOWEST, refilled = x << 16 | word;
    *state = under ? refilled : x;
    *words += 2 * under;
    return (uint8_t)(v & 127);
}

// Decodes tokens of a row in whole groups of sixteen, as long as the words left are certainly enough; returns how many.
#if LEVEL >= 1 && LEVEL <= 3
// For each mask of eight lanes that need a word: which word each lane gets.
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

// Reads the tables; null where no encoder writes such tables.
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
        // A context without elements, which a damaged row may still use: all slots give token 0.
        for (uint32_t i = start; i < 1u << ENTROPY_BITS; i++) slots[i] = ((1u << ENTROPY_BITS) - 1) << 7 | i << 19;
    }
    return p;
}

// Computes the values of a row's tokens, whose raw bits begin at bit `*at`; returns 0 where they would pass bit `most`.
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
            // Reading eight bytes stays within the input, since the states follow.
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
            // Near the end, a missing word is an error only where it is needed.
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
