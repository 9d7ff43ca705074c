/// What two hosts say to each other before a run, to find out whether and how well they reach each other.
///
/// ```
/// dialler → listener   magic (8)  nonce (16)
/// listener → dialler   length (1)  the dialler's address as the listener sees it
/// dialler → listener   one order (1) at a time:
///                      echo    the byte comes back
///                      large   so many random bytes; the byte comes back
///                      back    as many random bytes come
///                      take    bytes until the dialler ends its direction; then count (8), nanoseconds (8) come back
///                      give    milliseconds (4); bytes come for so long, then the end
/// ```
/// Numbers are little-endian. A listener whose nonce was not shown says nothing: some other service, or a stranger's host
/// with the same private address, is not taken for the one that was meant.
enum ProbeWire {
    static let magic = Array("LSprobe1".utf8)
    static let nonceBytes = 16
    static let greetingBytes = magic.count + nonceBytes

    static let echo = UInt8(ascii: "e")
    static let large = UInt8(ascii: "l")
    static let back = UInt8(ascii: "b")
    static let take = UInt8(ascii: "t")
    static let give = UInt8(ascii: "g")

    /// More than a packet of any network takes.
    static let largeBytes = 16 << 10

    /// Random, since some links compress what can be compressed.
    static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<largeBytes / 8).flatMap { _ in bytes(generator.next() as UInt64) }
    }

    /// Longest stream in one direction.
    static let longestStream: Duration = .seconds(1)
    /// How long a stream is counted at most; what a slow link still holds after that is read and not counted.
    static let longestCount: Duration = .seconds(2)
    /// How long the rest of a stream may take.
    static let longestRest: Duration = .seconds(8)
    /// How long either side waits for a byte.
    static let patience: Duration = .seconds(3)
    /// Bytes of one write or read of a stream.
    static let chunkBytes = 256 << 10
    /// Connections a listener serves at a time; further ones are closed.
    static let connections = 256

    /// Blocking, each call within `patience`.
    static let settings: LinkSettings = {
        var settings = LinkSettings()
        settings.progressDeadline = patience
        return settings
    }()

    static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> Number {
        bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}

extension Socket {
    /// Reads exactly so many bytes.
    func readBytes(_ count: Int) throws(SocketError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(SocketError) in try read(buffer) }
        }.get()
        return bytes
    }
}

extension SocketAddress {
    /// The host in digits, an IPv4 peer of a listener for both by its IPv4 address.
    var plainHost: String { host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host }
}
