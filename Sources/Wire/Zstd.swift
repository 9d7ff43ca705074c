import CZstd
import Kernels

/// zstd for control payloads: whole byte strings in and out. Gradient links use the context owners below.
public enum Zstd {
    /// A zstd frame of `bytes` that declares its size. Level 1 is the fastest that still entropy-codes literals.
    public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int = 1) -> [UInt8] {
        let compressor = ZstdCompressor(level: level)
        return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { output, count in
            count = compressor.compress(bytes, into: UnsafeMutableRawBufferPointer(output))
        }
    }

    public static func compress(_ bytes: [UInt8], level: Int = 1) -> [UInt8] {
        bytes.withUnsafeBytes { compress($0, level: level) }
    }

    /// Most bytes that a frame of so many bytes can have.
    public static func bound(_ bytes: Int) -> Int { ZstdCompressor.bound(bytes) }

    /// The bytes of a zstd frame; `limit` bounds what it may declare, checked before memory is taken.
    public static func decompress(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(ZstdError) -> [UInt8] {
        let size = try declaredSize(of: bytes)
        guard size <= UInt64(max(0, limit)) else { throw .tooLong(bytes: size, limit: limit) }
        let decompressor = ZstdDecompressor()
        var result = [UInt8](repeating: 0, count: Int(size))
        let written = try result.withUnsafeMutableBytes { output in
            Result { () throws(ZstdError) in try decompressor.decompress(bytes, into: output) }
        }.get()
        guard written == result.count else {
            throw .corrupt("it declares \(result.count) bytes and holds \(written)")
        }
        return result
    }

    public static func decompress(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(ZstdError) in try decompress(bytes, limit: limit) }
        }.get()
    }

    static func declaredSize(of bytes: UnsafeRawBufferPointer) throws(ZstdError) -> UInt64 {
        // The two sentinels of zstd.h, ZSTD_CONTENTSIZE_UNKNOWN and _ERROR, are 2^64 − 1 and 2^64 − 2.
        let size = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
        if size == UInt64.max { throw .sizeMissing }
        if size == UInt64.max - 1 { throw .corrupt("it does not begin like one") }
        return size
    }
}

/// Owner of one compression context; one thread at a time.
final class ZstdCompressor {
    private let context: OpaquePointer
    private let level: Int32

    init(level: Int) {
        guard let context = ZSTD_createCCtx() else { MemoryRoom.endWithout("a zstd compression context") }
        self.context = context
        self.level = Int32(level)
    }

    deinit { ZSTD_freeCCtx(context) }

    static func bound(_ bytes: Int) -> Int { ZSTD_compressBound(bytes) }

    /// Bytes written; `output` must hold `bound(input.count)`, with which compression cannot fail.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        let written = ZSTD_compressCCtx(
            context, output.baseAddress, output.count, input.baseAddress, input.count, level)
        precondition(ZSTD_isError(written) == 0, "zstd: \(ZstdDecompressor.reason(written))")
        return written
    }
}

/// Owner of one decompression context; one thread at a time.
final class ZstdDecompressor {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { MemoryRoom.endWithout("a zstd decompression context") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Bytes written; never past `output`, whose size is the limit.
    func decompress(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(ZstdError) -> Int {
        let written = ZSTD_decompressDCtx(context, output.baseAddress, output.count, input.baseAddress, input.count)
        guard ZSTD_isError(written) == 0 else { throw .corrupt(ZstdDecompressor.reason(written)) }
        return written
    }

    static func reason(_ code: Int) -> String { String(cString: ZSTD_getErrorName(code)) }
}
