// CRC-32C (RFC 3720, appendix B.4): polynomial 0x1EDC6F41, reflected.
#include <stdatomic.h>

#if defined(__aarch64__)
#include <arm_acle.h>
#include <arm_neon.h>
#else
#include <immintrin.h>
#endif

#include "ckernels.h"

enum { REFLECTED_POLYNOMIAL = 0x82F63B78u };

static uint32_t table_entry(uint32_t byte) {
    for (int bit = 0; bit < 8; bit++) byte = byte & 1 ? byte >> 1 ^ (uint32_t)REFLECTED_POLYNOMIAL : byte >> 1;
    return byte;
}

uint32_t ck_crc32c_table(uint32_t crc, const void *bytes, size_t count) {
    static uint32_t entries[256];
    static atomic_int ready;
    if (!atomic_load_explicit(&ready, memory_order_acquire)) {
        // Threads that meet here write the same numbers.
        for (uint32_t i = 0; i < 256; i++) __atomic_store_n(&entries[i], table_entry(i), __ATOMIC_RELAXED);
        atomic_store_explicit(&ready, 1, memory_order_release);
    }
    const uint8_t *p = bytes;
    crc = ~crc;
    for (size_t i = 0; i < count; i++) crc = crc >> 8 ^ entries[(uint8_t)crc ^ p[i]];
    return ~crc;
}

// The register after eight more bytes and after one more, by the CPU's instruction; and the lower half of a carry-less product.
#if defined(__aarch64__)
#define WITH_CRC __attribute__((target("crc")))
#define WITH_CRC_AND_CARRYLESS __attribute__((target("crc,aes")))
WITH_CRC static inline uint64_t behind_eight(uint64_t state, uint64_t word) { return __crc32cd((uint32_t)state, word); }
WITH_CRC static inline uint32_t behind_one(uint32_t state, uint8_t byte) { return __crc32cb(state, byte); }
WITH_CRC_AND_CARRYLESS static inline uint64_t carryless(uint32_t a, uint32_t b) { return (uint64_t)vmull_p64(a, b); }
#else
#define WITH_CRC __attribute__((target("sse4.2")))
#define WITH_CRC_AND_CARRYLESS __attribute__((target("sse4.2,pclmul")))
WITH_CRC static inline uint64_t behind_eight(uint64_t state, uint64_t word) { return _mm_crc32_u64(state, word); }
WITH_CRC static inline uint32_t behind_one(uint32_t state, uint8_t byte) { return _mm_crc32_u8(state, byte); }
WITH_CRC_AND_CARRYLESS static inline uint64_t carryless(uint32_t a, uint32_t b) {
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi32_si128((int)a), _mm_cvtsi32_si128((int)b), 0));
}
#endif

// The register after `count` more bytes, by one chain of the instruction: 8 bytes in 3 cycles.
WITH_CRC static uint32_t one_stream(uint32_t state, const uint8_t *p, size_t count) {
    uint64_t wide = state;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        __builtin_memcpy(&word, p, sizeof word);
        wide = behind_eight(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    for (; count > 0; count--) narrow = behind_one(narrow, *p++);
    return narrow;
}

uint32_t ck_crc32c_one_stream(uint32_t crc, const void *bytes, size_t count) { return ~one_stream(~crc, bytes, count); }

// The instruction can start every cycle and takes three, so that three chains over three neighbouring parts run in the time of one. Then the first
// part's register is moved over the two parts after it, and the second's over one.
//
// Moving over n bytes means multiplying by x^(8n) modulo the polynomial. The carry-less product of two reflected registers is x^−1 too low for a
// 64-bit one, whose reduction by the instruction multiplies by x^32: the factor is x^(8n − 33).
enum { SHORT_PART = 256, LONG_PART = 4096 };

static uint32_t power_of_x(size_t exponent) {
    uint32_t power = 0x80000000u;
    for (; exponent > 0; exponent--) power = power & 1 ? power >> 1 ^ (uint32_t)REFLECTED_POLYNOMIAL : power >> 1;
    return power;
}

typedef struct { size_t bytes; uint32_t over_one, over_two; } part_size;

static const part_size *part_sizes(void) {
    static part_size sizes[2];
    static atomic_int ready;
    if (!atomic_load_explicit(&ready, memory_order_acquire)) {
        // Threads that meet here write the same numbers.
        const size_t bytes[2] = {LONG_PART, SHORT_PART};
        for (int i = 0; i < 2; i++) {
            __atomic_store_n(&sizes[i].over_one, power_of_x(8 * bytes[i] - 33), __ATOMIC_RELAXED);
            __atomic_store_n(&sizes[i].over_two, power_of_x(16 * bytes[i] - 33), __ATOMIC_RELAXED);
            __atomic_store_n(&sizes[i].bytes, bytes[i], __ATOMIC_RELAXED);
        }
        atomic_store_explicit(&ready, 1, memory_order_release);
    }
    return sizes;
}

WITH_CRC_AND_CARRYLESS static uint32_t moved(uint32_t state, uint32_t factor) {
    return (uint32_t)behind_eight(0, carryless(state, factor));
}

WITH_CRC_AND_CARRYLESS static uint32_t three_streams(uint32_t state, const uint8_t *p, size_t count) {
    const part_size *sizes = part_sizes();
    for (int i = 0; i < 2; i++) {
        const size_t part = sizes[i].bytes;
        for (; count >= 3 * part; count -= 3 * part, p += 3 * part) {
            uint64_t a = state, b = 0, c = 0;
            for (size_t at = 0; at < part; at += 8) {
                uint64_t word[3];
                for (int j = 0; j < 3; j++) __builtin_memcpy(&word[j], p + at + (size_t)j * part, sizeof word[j]);
                a = behind_eight(a, word[0]);
                b = behind_eight(b, word[1]);
                c = behind_eight(c, word[2]);
            }
            state = moved((uint32_t)a, sizes[i].over_two) ^ moved((uint32_t)b, sizes[i].over_one) ^ (uint32_t)c;
        }
    }
    return one_stream(state, p, count);
}

uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t count) {
    enum { NOT_ASKED, BY_TABLE, ONE_STREAM, THREE_STREAMS };
    static atomic_int way;
    int chosen = atomic_load_explicit(&way, memory_order_relaxed);
    if (chosen == NOT_ASKED) {
        uint32_t features = ck_cpu_features();
        chosen = !(features & CK_CPU_CRC32C) ? BY_TABLE : features & CK_CPU_CARRYLESS ? THREE_STREAMS : ONE_STREAM;
        atomic_store_explicit(&way, chosen, memory_order_relaxed);
    }
    switch (chosen) {
    case THREE_STREAMS: return ~three_streams(~crc, bytes, count);
    case ONE_STREAM: return ck_crc32c_one_stream(crc, bytes, count);
    default: return ck_crc32c_table(crc, bytes, count);
    }
}
