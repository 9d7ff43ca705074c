// CRC-32C (RFC 3720, appendix B.4): polynomial 0x1EDC6F41, reflected.
#include <stdatomic.h>

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

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint64_t wide = (uint32_t)~crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        __builtin_memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    for (; count > 0; count--) narrow = __builtin_ia32_crc32qi(narrow, *p++);
    return ~narrow;
}

uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t count) {
    static atomic_int instruction;  // 0 not asked yet, 1 absent, 2 present
    int state = atomic_load_explicit(&instruction, memory_order_relaxed);
    if (state == 0) {
        state = ck_cpu_features() & CK_CPU_SSE42 ? 2 : 1;
        atomic_store_explicit(&instruction, state, memory_order_relaxed);
    }
    return state == 2 ? crc32c_sse42(crc, bytes, count) : ck_crc32c_table(crc, bytes, count);
}
