import NIOCore
import Testing
import Wire

@Suite("Control frames")
struct ControlFrameTests {
    private static func frames() -> [ControlFrame] {
        [
            ControlFrame(kind: .hello, view: 0, payload: ByteBuffer(string: "who")),
            ControlFrame(kind: .heartbeat, view: 7),
            ControlFrame(kind: .batch, flags: .compressed, view: .max, payload: ByteBuffer(repeating: 0xA5, count: 3000)),
        ]
    }

    private static func encoded(_ frames: [ControlFrame]) throws -> [UInt8] {
        let encoder = ControlFrameEncoder()
        var buffer = ByteBuffer()
        for frame in frames { try encoder.encode(data: frame, out: &buffer) }
        return Array(buffer.readableBytesView)
    }

    /// Decodes the pieces one after the other, as they would come from a socket.
    private static func decode(
        _ pieces: [[UInt8]], admits: @escaping @Sendable (MessageKind) -> Bool = { _ in true }, finish: Bool = true
    ) throws -> [ControlFrame] {
        let processor = NIOSingleStepByteToMessageProcessor(ControlFrameDecoder(admits: admits))
        var frames: [ControlFrame] = []
        for piece in pieces { try processor.process(buffer: ByteBuffer(bytes: piece)) { frames.append($0) } }
        if finish { try processor.finishProcessing(seenEOF: true) { frames.append($0) } }
        return frames
    }

    private static func expected() -> [ControlFrame] {
        var frames = frames()
        for index in frames.indices { frames[index].sequence = UInt64(index) }
        return frames
    }

    @Test("Frames survive a cut at every byte")
    func cuts() throws {
        let bytes = try Self.encoded(Self.frames())
        for cut in 0...bytes.count {
            #expect(try Self.decode([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.expected(), "cut at \(cut)")
        }
        #expect(try Self.decode(bytes.map { [$0] }) == Self.expected())
    }

    @Test("A damaged byte anywhere is an error and never a frame with other contents")
    func damage() throws {
        let good = try Self.encoded(Self.frames())
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x40
            #expect(throws: ControlFrameError.self, "byte \(index)") { try Self.decode([bad]) }
        }
    }

    @Test("The end of the connection inside a frame says how much of it had come")
    func endInside() throws {
        let bytes = try Self.encoded([ControlFrame(kind: .ready, view: 1, payload: ByteBuffer(repeating: 1, count: 10))])
        for length in 1..<bytes.count {
            #expect(throws: ControlFrameError.endedInsideFrame(bytes: length)) {
                try Self.decode([Array(bytes[..<length])])
            }
        }
        #expect(try Self.decode([[]]).isEmpty)
    }

    @Test("A repeated frame is out of sequence")
    func sequence() throws {
        let one = try Self.encoded([ControlFrame(kind: .heartbeat, view: 1)])
        #expect(throws: ControlFrameError.sequence(found: 0, expected: 1)) { try Self.decode([one + one]) }
    }

    @Test("A kind that may not come yet is refused at its header")
    func admission() throws {
        let bytes = try Self.encoded([ControlFrame(kind: .batch, view: 1, payload: ByteBuffer(repeating: 1, count: 5000))])
        #expect(throws: ControlFrameError.notAdmitted(.batch)) {
            try Self.decode([Array(bytes[..<ControlFrame.headerBytes])], admits: { $0 == .hello }, finish: false)
        }
    }

    @Test("A payload past its kind's limit is not sent, and its header is not believed")
    func limit() throws {
        let long = ControlFrame(kind: .hello, view: 0, payload: ByteBuffer(repeating: 0, count: Limits.hello + 1))
        let error = ControlFrameError.tooLong(kind: .hello, bytes: Limits.hello + 1, limit: Limits.hello)
        #expect(throws: error) { try Self.encoded([long]) }
        #expect("\(error)".contains("\(Limits.hello + 1) bytes"))
        for kind in MessageKind.allCases { #expect(Limits.payload(of: kind) > 0) }
    }

    @Test("Another version is named before anything else is judged")
    func version() throws {
        var bytes = try Self.encoded([ControlFrame(kind: .hello, view: 0)])
        bytes[4] = 99
        #expect(throws: ControlFrameError.version(found: 99, expected: ProtocolVersion.current)) { try Self.decode([bytes]) }
    }
}
