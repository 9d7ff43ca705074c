/// Lines that come out of a descriptor.
package enum DescriptorLines {
    /// How reading ended.
    package enum End: Sendable {
        case closed
        /// Nothing came for the whole of the patience.
        case silent
    }

    /// Hands every line to `body`, without its end; blocks until the descriptor ends. A line longer than `longest` bytes is
    /// handed over in pieces; a last one without an end counts.
    package static func read(
        _ descriptor: Int32, longest: Int, _ patience: Patience, _ body: ([UInt8]) -> Void
    ) -> End {
        var pending: [UInt8] = []
        /// A piece of the present line was handed over.
        var isCut = false
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Descriptor.read(descriptor, into: $0, patience) }
            guard let count else { return .silent }
            guard count > 0 else {
                if !pending.isEmpty { body(pending) }
                return .closed
            }
            for byte in buffer[..<count] {
                let isEnd = byte == UInt8(ascii: "\n")
                if !isEnd { pending.append(byte) }
                guard isEnd || pending.count >= longest else { continue }
                // The end of a line whose last piece was full is no line of its own.
                if !(isEnd && isCut && pending.isEmpty) { body(pending) }
                isCut = !isEnd
                pending.removeAll(keepingCapacity: true)
            }
        }
    }
}
