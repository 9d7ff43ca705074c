import CKernels

/// Lossless packing of small integers: zig-zag, then as many byte planes as the block's largest value needs.
///
/// A block has at most 1,024 values. Plane 0 holds the lowest byte of each zig-zag value, plane 1 the second, and so on.
public enum BytePlanes {
    public static let blockElements = Int(CK_PLANE_BLOCK)

    /// Bytes a value of this block needs, 0…4.
    public static func width(of block: Slice<Int32>) -> Int {
        Int(ck_plane_width(block.base, block.count))
    }

    /// Writes `width` planes of the block, `block.count · width` bytes, to the start of `planes`. Upper bytes beyond `width` are dropped.
    public static func pack(_ block: Slice<Int32>, width: Int, into planes: UnsafeMutableRawBufferPointer) {
        check(block, width, planes.count)
        guard let target = planes.baseAddress, width > 0 else { return }
        ck_pack_planes(block.base, block.count, Int32(width), target.assumingMemoryBound(to: UInt8.self))
    }

    /// block = the values of the planes at the start of `planes`.
    public static func unpack(_ planes: UnsafeRawBufferPointer, width: Int, into block: Slice<Int32>) {
        check(block, width, planes.count)
        guard let source = planes.baseAddress, width > 0 else { return block.fill(0) }
        ck_unpack_planes(source.assumingMemoryBound(to: UInt8.self), block.count, Int32(width), block.base)
    }

    /// block += the values of the planes at the start of `planes`, wrapping.
    public static func unpackAdding(_ planes: UnsafeRawBufferPointer, width: Int, into block: Slice<Int32>) {
        check(block, width, planes.count)
        guard let source = planes.baseAddress, width > 0 else { return }
        ck_unpack_planes_adding(source.assumingMemoryBound(to: UInt8.self), block.count, Int32(width), block.base)
    }

    private static func check(_ block: Slice<Int32>, _ width: Int, _ bytes: Int) {
        precondition(width >= 0 && width <= 4, "A block of byte planes keeps 0 to 4 bytes")
        precondition(block.count <= blockElements, "A block of byte planes has at most 1,024 values")
        precondition(bytes >= block.count * width, "The planes do not fit")
    }
}

/// CRC-32C (Castagnoli), by the CPU's instruction where there is one, in three interleaved streams where they can be joined.
public enum CRC32C {
    /// The checksum of `bytes`, or of more bytes when `continuing` is the checksum of the bytes before them.
    public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return continuing }
        return ck_crc32c(continuing, base, bytes.count)
    }

    public static func checksum(_ bytes: [UInt8], continuing: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0, continuing: continuing) }
    }

    /// The same without the instruction, for comparison.
    public static func checksumByTable(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
        ck_crc32c_table(continuing, bytes.baseAddress, bytes.count)
    }

    /// The same by one stream of the instruction, for comparison; nil on a CPU without it.
    public static func checksumByOneStream(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32? {
        guard ck_cpu_features() & UInt32(CK_CPU_CRC32C) != 0 else { return nil }
        return ck_crc32c_one_stream(continuing, bytes.baseAddress, bytes.count)
    }
}
