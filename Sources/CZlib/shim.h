#include <zlib.h>

// `inflateInit2` is a macro, which Swift does not import. 15 window bits; +32 asks zlib to find gzip or zlib framing
// by itself; negative means a raw deflate stream, as in a zip archive.
static inline int czlib_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
