/// A built-in set of drawn digits: image i of the whole set is a pure function of i and has class i mod 10.
public protocol DrawnDigits: ImageSource {
    static var setName: String { get }
    /// Pixels of a side.
    static var side: Int { get }
    static var channelCount: Int { get }
    /// SHA-256 of images of the set, which tells its version.
    static var digest: String { get }
    /// The indices of these images in the whole set.
    var range: Range<Int> { get }
    /// Draws the image of this index in the whole set.
    func draw(_ image: Int, into bytes: inout [UInt8], at offset: Int)
}

extension DrawnDigits {
    public static var classes: Int { 10 }

    public var name: String { Self.setName }
    public var count: Int { range.count }
    public var height: Int { Self.side }
    public var width: Int { Self.side }
    public var channels: Int { Self.channelCount }
    public var identity: String { textDigest("\(name) \(Self.digest) \(range.lowerBound) \(range.upperBound)") }

    public var hasLabels: Bool { true }

    public func label(_ index: Int) -> UInt8 { UInt8((range.lowerBound + index) % Self.classes) }

    public func copyImage(_ index: Int, into bytes: inout [UInt8], at offset: Int) {
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        precondition(offset >= 0 && offset + pixels <= bytes.count, "room for \(pixels) bytes at \(offset)")
        draw(range.lowerBound + index, into: &bytes, at: offset)
    }
}
