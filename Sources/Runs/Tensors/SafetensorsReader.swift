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

    public func doubles(_ tensor: String) throws -> [Double] { try array(tensor, type: .f64) }
    public func floats(_ tensor: String) throws -> [Float] { try array(tensor, type: .f32) }
    public func int64s(_ tensor: String) throws -> [Int64] { try array(tensor, type: .i64) }
    public func int32s(_ tensor: String) throws -> [Int32] { try array(tensor, type: .i32) }
    public func bytes(_ tensor: String) throws -> [UInt8] { try array(tensor, type: .u8) }

    public func read(_ tensor: String, into destination: Slice<Double>) throws { try copy(tensor, type: .f64, into: destination) }
    public func read(_ tensor: String, into destination: Slice<Float>) throws { try copy(tensor, type: .f32, into: destination) }
    public func read(_ tensor: String, into destination: Slice<Int64>) throws { try copy(tensor, type: .i64, into: destination) }
    public func read(_ tensor: String, into destination: Slice<Int32>) throws { try copy(tensor, type: .i32, into: destination) }
    public func read(_ tensor: String, into destination: Slice<UInt8>) throws { try copy(tensor, type: .u8, into: destination) }

    private func typed(_ tensor: String, _ type: ElementType) throws -> TensorEntry {
        let entry = try entry(tensor)
        guard entry.type == type else {
            throw SafetensorsError(
                file: name, offset: dataStart + entry.bytes.lowerBound, problem: "tensor \(tensor) is \(entry.type.rawValue)",
                expected: type.rawValue)
        }
        return entry
    }

    private func array<Element: BitwiseCopyable>(_ tensor: String, type: ElementType) throws -> [Element] {
        let entry = try typed(tensor, type)
        let storage = Storage<Element>(count: entry.count)
        try copy(tensor, type: type, into: storage.all)
        return storage.all.array
    }

    private func copy<Element: BitwiseCopyable>(_ tensor: String, type: ElementType, into destination: Slice<Element>) throws {
        let entry = try typed(tensor, type)
        guard entry.count == destination.count else {
            throw SafetensorsError(
                file: name, offset: dataStart + entry.bytes.lowerBound, problem: "tensor \(tensor) has \(entry.count) elements",
                expected: "\(destination.count)")
        }
        var offset = 0
        while offset < entry.bytes.count {
            let end = min(entry.bytes.count, offset + Self.pieceBytes)
            let start = dataStart + entry.bytes.lowerBound
            let piece = try source.read(start + offset..<start + end)
            destination.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyBytes(from: piece)
            }
            offset = end
        }
    }
}
