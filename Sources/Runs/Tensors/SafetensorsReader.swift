import Files
import Kernels

/// A safetensors file, checked when it is opened and read tensor by tensor when asked.
///
/// A file stays open as long as its reader; only its header is in memory.
public final class SafetensorsReader: Sendable {
    /// Path, or the name given to the bytes.
    public let name: String
    /// Text by name from the header.
    public let metadata: [String: String]
    /// All tensors, by position.
    public let tensors: [TensorEntry]
    private let byName: [String: TensorEntry]
    private let dataStart: Int
    private let source: ByteSource
    private static let pieceBytes = 1 << 20

    /// Opens a file and checks its header against its length. Throws `SafetensorsError`, or `DiskError` when it cannot be read.
    public convenience init(path: String) throws {
        try self.init(source: try ByteSource(path: path), name: path)
    }

    /// Checks bytes that are already in memory.
    public convenience init(bytes: [UInt8], name: String) throws {
        try self.init(source: ByteSource(bytes: bytes), name: name)
    }

    private init(source: ByteSource, name: String) throws {
        self.source = source
        self.name = name
        let prefix = try source.read(0..<min(8, source.count))
        let length = try SafetensorsHeader.length(of: prefix, file: name, fileBytes: source.count)
        dataStart = 8 + length
        let header = try SafetensorsHeader(json: try source.read(8..<dataStart), dataBytes: source.count - dataStart, file: name)
        metadata = header.metadata
        tensors = header.tensors
        byName = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0) })
    }

    /// What the file says of one tensor; the error names the nearest one there is.
    public func entry(_ tensor: String) throws -> TensorEntry {
        guard let entry = byName[tensor] else {
            let nearest = NearestName.of(tensor, among: tensors.map(\.name)).map { "; the nearest is \($0)" } ?? ""
            throw SafetensorsError(
                file: name, offset: nil, problem: "there is no tensor \(tensor)\(nearest)",
                expected: "one of its \(tensors.count) tensors")
        }
        return entry
    }

    /// The bytes of a tensor as they stand in the file (little-endian, row-major).
    public func rawBytes(_ tensor: String) throws -> [UInt8] {
        let range = try entry(tensor).bytes
        return try source.read(dataStart + range.lowerBound..<dataStart + range.upperBound)
    }

    /// The elements of a tensor. Throws `SafetensorsError` where they are of another type.
    public func array<Element: TensorElement>(_ tensor: String, of: Element.Type = Element.self) throws -> [Element] {
        let storage = Storage<Element>(count: try entry(tensor).count)
        try read(tensor, into: storage.all)
        return storage.all.array
    }

    /// Overwrites a slice with the elements of a tensor. Throws `SafetensorsError` where they are of another type or number.
    public func read<Element: TensorElement>(_ tensor: String, into destination: Slice<Element>) throws {
        try read(tensor, into: Element.values(destination))
    }

    /// The values of a tensor in memory of their own.
    public func values(_ tensor: String) throws -> TensorValues {
        let entry = try entry(tensor)
        let values = TensorValues(entry.type, count: entry.count)
        try read(tensor, into: values)
        return values
    }

    private func read(_ tensor: String, into destination: TensorValues) throws {
        let entry = try entry(tensor)
        let start = dataStart + entry.bytes.lowerBound
        guard entry.type == destination.type else {
            throw SafetensorsError(
                file: name, offset: start, problem: "tensor \(tensor) is \(entry.type.safetensorsName)",
                expected: destination.type.safetensorsName)
        }
        guard entry.count == destination.count else {
            throw SafetensorsError(
                file: name, offset: start, problem: "tensor \(tensor) has \(entry.count) elements", expected: "\(destination.count)"
            )
        }
        var offset = 0
        while offset < entry.bytes.count {
            let end = min(entry.bytes.count, offset + Self.pieceBytes)
            let piece = try source.read(start + offset..<start + end)
            destination.withMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[offset..<end]).copyBytes(from: piece) }
            offset = end
        }
    }
}
