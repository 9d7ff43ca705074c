import CKernels

extension GradientCodec {
    func copyRaw(_ base: UnsafePointer<Int32>, pieces: [Range<Int>]) -> Encoded {
        let total = 4 * pieces.reduce(0) { $0 + $1.count }
        packed.reserve(total)
        let output = packed.bytes(total)
        var offset = 0
        for piece in pieces where !piece.isEmpty {
            (output.baseAddress! + offset).copyMemory(from: base + piece.lowerBound, byteCount: 4 * piece.count)
            offset += 4 * piece.count
        }
        return Encoded(coding: .raw, bytes: UnsafeRawBufferPointer(output))
    }

    /// First the widths, which give each plane's place; then each block's planes, through one block of scratch in cache.
    func pack(_ base: UnsafePointer<Int32>, pieces: [Range<Int>]) -> UnsafeRawBufferPointer {
        let elements = pieces.reduce(0) { $0 + $1.count }
        packed.reserve(GradientCodec.packedBound(elements: elements, pieces: pieces.count))
        let output = packed.bytes(packed.capacity)
        let widths = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
        var blocks = 0
        var planeBytes = PlaneBytes()
        GradientCodec.forEachBlock(of: pieces) { start, count in
            let width = ck_plane_width(base + start, count)
            widths[blocks] = UInt8(width)
            planeBytes.add(width: Int(width), count: count)
            blocks += 1
        }
        var places = planeBytes.places(after: blocks)
        let total = blocks + planeBytes.total
        let scratch = block.bytes(4 * GradientCodec.blockElements).baseAddress!
        var index = 0
        GradientCodec.forEachBlock(of: pieces) { start, count in
            let width = Int(widths[index])
            index += 1
            if width == 0 { return }
            ck_pack_planes(base + start, count, Int32(width), scratch.assumingMemoryBound(to: UInt8.self))
            for plane in 0..<width {
                (output.baseAddress! + places[plane]).copyMemory(from: scratch + plane * count, byteCount: count)
                places[plane] += count
            }
        }
        return UnsafeRawBufferPointer(rebasing: output[..<total])
    }

    static func forEachBlock(of pieces: [Range<Int>], _ body: (_ start: Int, _ count: Int) -> Void) {
        for piece in pieces {
            var start = piece.lowerBound
            while start < piece.upperBound {
                let count = min(blockElements, piece.upperBound - start)
                body(start, count)
                start += count
            }
        }
    }
}
