import Kernels

/// A header that has been checked: every tensor inside the data, none overlapping, no gap between them.
struct SafetensorsHeader: Sendable {
    /// By position in the file.
    let tensors: [TensorEntry]
    let metadata: [String: String]

    /// Length of the JSON from the first eight bytes, checked before any memory is taken for it.
    static func length(of prefix: [UInt8], file: String, fileBytes: Int) throws -> Int {
        guard prefix.count == 8 else {
            throw SafetensorsError(
                file: file, offset: 0, problem: "the file has \(fileBytes) bytes", expected: "at least the 8 of the header's length"
            )
        }
        let length = prefix.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        guard length <= UInt64(Safetensors.maximumHeaderBytes) else {
            throw SafetensorsError(
                file: file, offset: 0, problem: "the header says it has \(length) bytes",
                expected: "at most \(Safetensors.maximumHeaderBytes)")
        }
        guard length >= 2, Int(length) <= fileBytes - 8 else {
            throw SafetensorsError(
                file: file, offset: 0, problem: "the header says it has \(length) bytes",
                expected: "at least 2 and no more than the \(max(0, fileBytes - 8)) that follow in the file")
        }
        return Int(length)
    }

    /// - Parameters:
    ///   - json: the header's text, padding included.
    ///   - dataBytes: bytes that follow it in the file.
    init(json: [UInt8], dataBytes: Int, file: String) throws {
        let root: JSON
        do {
            root = try JSON(parsing: json)
        } catch let error as JSONError {
            throw SafetensorsError(
                file: file, offset: 8 + error.offset, problem: "the header is not JSON", expected: error.expected)
        }
        guard let members = root.members else {
            throw SafetensorsError(file: file, offset: 8, problem: "the header is not an object", expected: "tensors by name")
        }
        var metadata: [String: String] = [:]
        var tensors: [TensorEntry] = []
        for member in members {
            if member.key == Safetensors.metadataKey {
                metadata = try Self.metadata(member.value, file: file)
            } else {
                tensors.append(try Self.entry(member.key, member.value, dataBytes: dataBytes, file: file))
            }
        }
        self.metadata = metadata
        self.tensors = tensors.sorted { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
        try requireContiguous(dataBytes: dataBytes, headerBytes: json.count, file: file)
    }

    private static func metadata(_ value: JSON, file: String) throws -> [String: String] {
        guard let members = value.members, members.allSatisfy({ $0.value.stringValue != nil }) else {
            throw SafetensorsError(
                file: file, offset: 8, problem: "\(Safetensors.metadataKey) is wrong", expected: "an object of texts")
        }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.stringValue ?? "") })
    }

    private static func entry(_ name: String, _ value: JSON, dataBytes: Int, file: String) throws -> TensorEntry {
        func failure(_ problem: String, _ expected: String) -> SafetensorsError {
            SafetensorsError(file: file, offset: 8, problem: "tensor \(name): \(problem)", expected: expected)
        }
        let known = ["dtype", "shape", "data_offsets"]
        guard let members = value.members, members.count == known.count, members.allSatisfy({ known.contains($0.key) }) else {
            throw failure("its description is wrong", "the keys dtype, shape and data_offsets")
        }
        guard let typeName = value["dtype"]?.stringValue, let type = ElementType(safetensorsName: typeName) else {
            throw failure("its type is \(value["dtype"]?.text ?? "missing")", "one of F64, F32, I64, I32, U8")
        }
        guard let dimensions = value["shape"]?.arrayValue, dimensions.count <= Safetensors.maximumRank else {
            throw failure("its shape is wrong", "at most \(Safetensors.maximumRank) dimensions")
        }
        var shape: [Int] = []
        var byteCount = type.size
        for dimension in dimensions {
            guard let size = dimension.intValue, size >= 0 else {
                throw failure("its shape is wrong", "whole numbers that are not negative")
            }
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
            guard !overflow else { throw failure("its shape is too large", "a size that 63 bits can count") }
            byteCount = product
            shape.append(size)
        }
        guard let offsets = value["data_offsets"]?.arrayValue, offsets.count == 2, let start = offsets[0].intValue,
            let end = offsets[1].intValue,
            start >= 0, start <= end, end <= dataBytes
        else {
            throw failure(
                "its offsets are \(value["data_offsets"]?.text ?? "missing")",
                "a start and an end within the \(dataBytes) bytes of data")
        }
        guard end - start == byteCount else {
            throw failure("its offsets span \(end - start) bytes", "\(byteCount) for \(typeName) \(shape)")
        }
        return TensorEntry(name: name, type: type, shape: shape, bytes: start..<end)
    }

    private func requireContiguous(dataBytes: Int, headerBytes: Int, file: String) throws {
        var end = 0
        for tensor in tensors {
            guard tensor.bytes.lowerBound == end else {
                throw SafetensorsError(
                    file: file, offset: 8 + headerBytes + tensor.bytes.lowerBound,
                    problem:
                        "tensor \(tensor.name) \(tensor.bytes.lowerBound < end ? "overlaps the one before it" : "leaves a gap before it")",
                    expected: "its first byte at \(end) of the data")
            }
            end = tensor.bytes.upperBound
        }
        guard end == dataBytes else {
            throw SafetensorsError(
                file: file, offset: 8 + headerBytes + end, problem: "\(dataBytes - end) bytes follow the last tensor",
                expected: "none")
        }
    }
}
