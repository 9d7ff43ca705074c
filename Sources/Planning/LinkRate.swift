/// What a link carries, as a user writes it: 1gbit, 100mbit, 2.5Gbit/s.
public struct LinkRate: Sendable, Equatable, CustomStringConvertible {
    /// Bits a second on the wire, headers included.
    public let bits: Double

    /// An Ethernet frame occupies 1,538 bytes, of which a TCP segment carries 1,448.
    private static let payloadShare = 1448.0 / 1538

    private static let units: [(name: String, bits: Double)] = [("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3)]
    private static let range = 1e3...1e13

    /// Nil where the text is no rate.
    public init?(_ text: String) {
        var text = text.lowercased()
        if text.hasSuffix("/s") { text.removeLast(2) }
        if text.hasSuffix("bps") { text = text.dropLast(3) + "bit" }
        guard let unit = Self.units.first(where: { text.hasSuffix($0.name) }),
            let number = Double(text.dropLast(unit.name.count)), Self.range.contains(number * unit.bits)
        else { return nil }
        bits = number * unit.bits
    }

    /// Bytes of gradients a second, each way.
    public var bytesPerSecond: Double { bits / 8 * Self.payloadShare }

    public var description: String {
        let unit = Self.units.first { bits >= $0.bits } ?? Self.units[2]
        let number = bits / unit.bits
        return "\(number == number.rounded() ? "\(Int(number))" : "\(number)") \(unit.name.prefix(1).uppercased())bit/s"
    }
}
