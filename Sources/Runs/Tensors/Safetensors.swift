import Files
import Kernels

/// The safetensors file format (huggingface/safetensors, README "Format") with the element types Lockstep uses.
public enum Safetensors {
    /// Longest header that is written or read: 16 MiB, some 150,000 tensors.
    public static let maximumHeaderBytes = 16 << 20
    /// Most dimensions of a tensor.
    public static let maximumRank = 8
    static let metadataKey = "__metadata__"

    /// Writes a file under a temporary name, syncs it and gives it its name, so that it is whole or not there.
    public static func write(_ tensors: [Tensor], metadata: [String: String], to path: String, disk: Disk = .results) throws {
        try disk.writeWhole(path) { file in
            for piece in try SafetensorsStream(tensors, metadata: metadata) { try file.write(piece) }
        }
    }
}

/// A file that is not what safetensors says, or not what was asked of it.
public struct SafetensorsError: Error, CustomStringConvertible, Sendable, Equatable {
    /// Path, or what the bytes are.
    public let file: String
    /// Byte of the file, where one is to blame.
    public let offset: Int?
    public let problem: String
    public let expected: String

    public var description: String {
        let place = offset.map { ", byte \($0)" } ?? ""
        return "\(file)\(place): \(problem); expected \(expected)."
    }
}

/// What a file's header says of one tensor.
public struct TensorEntry: Sendable, Hashable {
    public let name: String
    public let type: ElementType
    public let shape: [Int]
    /// Where its bytes stand, counted from the end of the header.
    public let bytes: Range<Int>

    /// Number of elements.
    public var count: Int { bytes.count / type.size }
}
