import CZlib

/// One zlib stream being unpacked. zlib keeps the address of its `z_stream`, which therefore lives on the heap, owned by this class. In this
/// target memory is passed to C only here and in `MATReader`, `FileMapping` and `PictureFile`.
final class Inflater {
    enum Framing: Int32 {
        /// A gzip member with its header and check sum.
        case gzip = 31
        /// With a header of two bytes and a check sum, as in a MAT file.
        case zlib = 15
        /// Bare deflate, as in a zip archive.
        case raw = -15
    }

    struct Damage: Error { var reason: String }

    struct Step {
        var output: [UInt8]
        /// Bytes of the input that were used.
        var consumed: Int
        /// The stream has ended, its check sum included.
        var finished: Bool
    }

    private let stream: UnsafeMutablePointer<z_stream>

    init(_ framing: Framing) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = czlib_inflate_init(stream, framing.rawValue)
        precondition(code == Z_OK, "zlib could not start (code \(code))")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Unpacks into at most `room` bytes; an empty output with nothing consumed means that more input is needed.
    func unpack(_ input: ArraySlice<UInt8>, atMost room: Int) throws -> Step {
        precondition(room > 0 && room <= Int(UInt32.max) && input.count <= Int(UInt32.max), "zlib counts in 32 bits")
        var code = Z_OK
        var produced = 0
        let output = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            input.withUnsafeBufferPointer { bytes in
                // zlib's interface is older than `const`; zlib only reads this memory.
                stream.pointee.next_in = bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
                stream.pointee.avail_in = UInt32(bytes.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(room)
                code = inflate(stream, Z_NO_FLUSH)
            }
            produced = room - Int(stream.pointee.avail_out)
            count = produced
        }
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
            throw Damage(reason: stream.pointee.msg.map { String(cString: $0) } ?? "zlib code \(code)")
        }
        return Step(output: output, consumed: input.count - Int(stream.pointee.avail_in), finished: code == Z_STREAM_END)
    }

    /// CRC-32 as gzip and zip have it.
    static func checkSum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
    }
}
