import Kernels
import NIOCore
import NIOEmbedded
import Wire

extension FuzzTarget {
    /// What a control connection receives. The first byte: bit 0 mends the checksums, bits 1…7 seed the pieces in which
    /// the rest arrives. However it is cut, the same frames and the same error must come out, and the frames written
    /// again are the bytes that were read.
    static let controlFrames = FuzzTarget("control-frames", refusing: [ControlFrameError.self]) {
        let encoder = ControlFrameEncoder()
        var buffer = ByteBuffer()
        for (index, kind) in MessageKind.allCases.enumerated() {
            let payload = ByteBuffer(bytes: (0..<index * 3).map { UInt8(truncatingIfNeeded: $0) })
            try encoder.encode(
                data: ControlFrame(kind: kind, flags: index % 2 == 0 ? [] : .compressed, view: UInt64(index), payload: payload),
                out: &buffer)
        }
        let stream = Array(buffer.readableBytesView)
        return [Seed("every-kind", [0] + stream), Seed("every-kind-mended", [0xAB] + stream)]
    } body: { input in
        guard let options = input.first else { return }
        var stream = Array(input.dropFirst())
        if options & 1 == 1 { mendFrames(&stream) }
        let whole = try Received(stream, pieces: stream.isEmpty ? [] : [stream.count])
        var random = SplitMix(seed: UInt64(options))
        let pieces = sequence(state: stream.count) { (left: inout Int) -> Int? in
            guard left > 0 else { return nil }
            let piece = Int.random(in: 1...min(left, 64), using: &random)
            left -= piece
            return piece
        }
        let cut = try Received(stream, pieces: Array(pieces))
        try claim(cut.frames == whole.frames, "the same frames, however the bytes arrive")
        try claim(cut.error == whole.error, "the same error, however the bytes arrive: \(cut.sentence), \(whole.sentence)")

        var again = ByteBuffer()
        let encoder = ControlFrameEncoder()
        for frame in whole.frames {
            try claim(frame.payload.readableBytes <= Limits.payload(of: frame.kind), "no payload past its kind's limit")
            try must("a frame that was read can be written") { try encoder.encode(data: frame, out: &again) }
        }
        try claim(stream.starts(with: again.readableBytesView), "frames written again are the bytes that were read")
        if let error = whole.error { throw error }
        try claim(again.readableBytes == stream.count, "no byte is left over without an error")
    }

    /// A payload by itself. The first byte is the kind's number, the rest what its frame carries.
    static let controlMessages = FuzzTarget(
        "control-messages", refusing: [ControlMessageError.self, UnknownKind.self]
    ) {
        // Fields 1 to 18 as numbers, and as texts: a field whose type is another must be passed over, not misread.
        let numbers = (1...18).flatMap { (field: Int) -> [UInt8] in tag(field, 0) + [UInt8(field)] }
        let texts = (1...18).flatMap { (field: Int) -> [UInt8] in tag(field, 2) + [2, 0x08, 0x01] }
        // Two parts of one shard, an image of either stream: shard, first row, rows, stream.
        let parts: [UInt8] = [0x1A, 8, 8, 1, 16, 3, 24, 1, 32, 0, 0x1A, 8, 8, 1, 16, 2, 24, 1, 32, 1]
        let streams = Seed("batch-streams", [UInt8(MessageKind.batch.rawValue), 8, 7, 16, 4] + parts + [0x2A, 2, 5, 6])
        return [streams]
            + MessageKind.allCases.flatMap { (kind: MessageKind) -> [Seed] in
                let number = [UInt8(truncatingIfNeeded: kind.rawValue)]
                return [
                    Seed("\(kind)-empty", number), Seed("\(kind)-numbers", number + numbers), Seed("\(kind)-texts", number + texts),
                ]
            }
    } body: { input in
        guard let number = input.first, let kind = MessageKind(rawValue: UInt16(number)) else { throw UnknownKind() }
        let frame = ControlFrame(kind: kind, view: 7, payload: ByteBuffer(bytes: input.dropFirst()))
        let message = try ControlMessage(frame)
        let written = try must("a message that was read can be written") { try message.frame(view: 7) }
        try claim(written.kind == kind && written.view == 7, "a message keeps its kind and view")
        let again = try must("what was written can be read") { try ControlMessage(written).frame(view: 7) }
        try claim(again == written, "a message written twice is the same bytes")
    }

    /// A fault of the input, not of the parser: its first byte names no kind.
    private struct UnknownKind: Error, CustomStringConvertible {
        var description: String { "the input names no kind of message" }
    }

    private static func tag(_ field: Int, _ wireType: Int) -> [UInt8] {
        let number = field << 3 | wireType
        return number < 128 ? [UInt8(number)] : [UInt8(number & 127 | 128), UInt8(number >> 7)]
    }

    /// Gives every frame of the stream the checksums that fit it, as far as its lengths make sense.
    private static func mendFrames(_ stream: inout [UInt8]) {
        var start = 0
        while start + ControlFrame.headerBytes <= stream.count {
            let payload = start + ControlFrame.headerBytes
            let end = payload + Int(stream.little32(at: start + 28))
            if end <= stream.count { stream.putChecksum(of: payload..<end, at: start + 32) }
            stream.putChecksum(of: start..<start + 36, at: start + 36)
            guard end <= stream.count else { return }
            start = end
        }
    }
}

/// What comes out of a connection's decoder for bytes that arrive in pieces, until the peer closes.
private struct Received {
    var frames: [ControlFrame] = []
    var error: ControlFrameError?

    var sentence: String { error.map { "\($0)" } ?? "none" }

    init(_ stream: [UInt8], pieces: [Int]) throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(ControlFrameDecoder()))
        func note(_ body: () throws -> Void) throws {
            do {
                try body()
            } catch let broken as ControlFrameError {
                error = error ?? broken
            } catch {
                // NIO's own error for bytes that come after an error; the connection is closed at the first error.
                guard self.error != nil else { throw error }
            }
        }
        var start = 0
        for piece in pieces where error == nil {
            try note { _ = try channel.writeInbound(ByteBuffer(bytes: stream[start..<start + piece])) }
            start += piece
        }
        try note { _ = try channel.finish(acceptAlreadyClosed: true) }
        while let frame = try channel.readInbound(as: ControlFrame.self) { frames.append(frame) }
    }
}
