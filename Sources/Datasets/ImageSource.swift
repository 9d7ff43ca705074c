/// Images of one size, with their labels where they have any, by index: a file in memory, or images drawn on demand.
///
/// One image is `height × width × channels` bytes, rows from the top, channels last; 0 is paper, 255 is ink.
public protocol ImageSource: Sendable {
    /// The name that users know the source by, for messages.
    var name: String { get }
    var count: Int { get }
    var height: Int { get }
    var width: Int { get }
    var channels: Int { get }
    /// 64 hex digits that are equal exactly where images and labels are equal.
    var identity: String { get }
    /// Writes image `index` to `bytes[offset ..< offset + pixels]`.
    func copyImage(_ index: Int, into bytes: inout [UInt8], at offset: Int)
    /// Whether each image has a label; otherwise `label` must not be called.
    var hasLabels: Bool { get }
    func label(_ index: Int) -> UInt8
}

extension ImageSource {
    /// Bytes of one image.
    public var pixels: Int { height * width * channels }
}
