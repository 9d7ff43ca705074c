import CKernels

extension GradientCodec {
    func decompress(
        _ bytes: UnsafeRawBufferPointer, bound: Int
    ) throws(GradientCodecError) -> UnsafeRawBufferPointer {
        do throws(ZstdError) {
            let size = try Zstd.declaredSize(of: bytes)
            guard size <= UInt64(bound) else { throw .tooLong(bytes: size, limit: bound) }
            packed.reserve(Int(size))
            let output = packed.bytes(Int(size))
            let written = try decompressor.decompress(bytes, into: output)
            return UnsafeRawBufferPointer(rebasing: output[..<written])
        } catch {
            throw .zstd(error)
        }
    }

    static func zero(_ base: UnsafeMutablePointer<Int32>, pieces: [Range<Int>]) {
        for piece in pieces { (base + piece.lowerBound).update(repeating: 0, count: piece.count) }
    }

    static func readRaw(
        _ payload: UnsafeRawBufferPointer, pieces: [Range<Int>], into base: UnsafeMutablePointer<Int32>, mode: Mode
    ) {
        var offset = 0
        for piece in pieces where !piece.isEmpty {
            let source = payload.baseAddress! + offset
            let destination = base + piece.lowerBound
            switch mode {
            case .assign: UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: 4 * piece.count)
            case .add: add(source, count: piece.count, to: destination)
            }
            offset += 4 * piece.count
        }
    }

    /// Adds `count` little-endian integers at `source` (any alignment) to `destination`, wrapping.
    public static func add(_ source: UnsafeRawPointer, count: Int, to destination: UnsafeMutablePointer<Int32>) {
        for index in 0..<count {
            destination[index] &+= source.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)
        }
    }

    func unpack(
        _ payload: UnsafeRawBufferPointer, coding: GradientCoding, pieces: [Range<Int>],
        into base: UnsafeMutablePointer<Int32>, mode: Mode
    ) throws(GradientCodecError) {
        let blocks = pieces.reduce(0) { $0 + GradientCodec.blocks($1) }
        guard payload.count >= blocks else {
            throw .length(coding: coding, found: payload.count, expected: blocks)
        }
        guard blocks > 0 else {
            guard payload.isEmpty else { throw .length(coding: coding, found: payload.count, expected: 0) }
            return
        }
        let input = payload.baseAddress!
        let widths = input.assumingMemoryBound(to: UInt8.self)
        for block in 0..<blocks where widths[block] > 4 { throw .width(block: block, found: widths[block]) }
        var planeBytes = PlaneBytes()
        var index = 0
        GradientCodec.forEachBlock(of: pieces) { _, count in
            planeBytes.add(width: Int(widths[index]), count: count)
            index += 1
        }
        guard payload.count == blocks + planeBytes.total else {
            throw .length(coding: coding, found: payload.count, expected: blocks + planeBytes.total)
        }
        var places = planeBytes.places(after: blocks)
        let scratch = block.bytes(4 * GradientCodec.blockElements).baseAddress!
        index = 0
        GradientCodec.forEachBlock(of: pieces) { start, count in
            let width = Int(widths[index])
            index += 1
            if width == 0 {
                if mode == .assign { (base + start).update(repeating: 0, count: count) }
                return
            }
            for plane in 0..<width {
                (scratch + plane * count).copyMemory(from: input + places[plane], byteCount: count)
                places[plane] += count
            }
            let planes = UnsafePointer(scratch.assumingMemoryBound(to: UInt8.self))
            switch mode {
            case .assign: ck_unpack_planes(planes, count, Int32(width), base + start)
            case .add: ck_unpack_planes_adding(planes, count, Int32(width), base + start)
            }
        }
    }
}
