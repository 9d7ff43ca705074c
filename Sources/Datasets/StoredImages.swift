import Crypto
import Kernels

/// Images held in memory as one array of bytes, in the file's order.
public struct StoredImages: ImageSource {
    public let name: String
    public let height: Int
    public let width: Int
    public let channels: Int
    public let identity: String
    private let bytes: [UInt8]
    private let labels: [UInt8]?

    public let count: Int
    public var hasLabels: Bool { labels != nil }

    /// `bytes` is (count, height, width, channels), `labels` is (count), where there are any.
    public init(name: String, height: Int, width: Int, channels: Int, bytes: [UInt8], labels: [UInt8]?) {
        precondition(height > 0 && width > 0 && channels > 0, "an image has at least one pixel")
        count = bytes.count / (height * width * channels)
        precondition(bytes.count == count * height * width * channels, "whole images")
        precondition(labels == nil || labels?.count == count, "one label an image")
        self.name = name
        self.height = height
        self.width = width
        self.channels = channels
        self.bytes = bytes
        self.labels = labels
        identity = Self.digest(shape: [count, height, width, channels], bytes, labels ?? [])
    }

    public func copyImage(_ index: Int, into target: inout [UInt8], at offset: Int) {
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        let size = pixels
        target.replaceSubrange(offset..<offset + size, with: bytes[index * size..<(index + 1) * size])
    }

    public func label(_ index: Int) -> UInt8 {
        guard let labels else { preconditionFailure("\(name) has no labels") }
        return labels[index]
    }

    /// Nil where there are no labels.
    public var greatestLabel: Int? { labels?.max().map { Int($0) } }

    private static func digest(shape: [Int], _ bytes: [UInt8], _ labels: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(data: Array("\(shape)".utf8))
        hash.update(data: bytes)
        hash.update(data: labels)
        return hexDigits(hash.finalize())
    }
}
