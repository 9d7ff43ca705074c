import CMatioReader
import Kernels

/// A MATLAB file of version 5 (what MATLAB writes by default, compressed or not) or 7.3 (HDF5), read by libmatio
/// variable by variable.
///
/// At most one slab of a variable is in memory. For each slab, libmatio unpacks a packed variable of version 5 again from its
/// beginning.
public final class MATFile {
    public let path: String
    /// Bytes of the whole file.
    public let bytes: Int
    private let reader: MATReader
    private let isLevel5: Bool

    /// - Throws: `DataError` where the file has neither format, or its parts do not fit together.
    public convenience init(_ path: String) throws { try self.init(path) { _ in } }

    /// - Parameter progress: is told which share of the file has been checked.
    init(_ path: String, progress: (Double) -> Void) throws {
        self.path = path
        let head = try MATHead(path, progress: progress)
        bytes = head.bytes
        isLevel5 = head.version == .level5
        reader = try MATReader(path)
    }

    /// What the file says of a variable; throws `DataError` where none has that name, or it is no full array of real numbers.
    public func variable(_ name: String) throws -> MATVariable {
        let answer = try ask(name)
        guard let type = MATType(rawValue: answer.kind) else {
            // libmatio drops the last letter of a text without a terminating zero, such as h5py writes for NumPy.
            let hint =
                answer.kind == 0 && !isLevel5
                ? " with a MATLAB_class that is ended by a zero (h5py: attrs.create('MATLAB_class', b'uint8', dtype='S6'), S7 of b'double')"
                : ""
            throw fault(name, found: MATType.otherName(answer.kind), expected: "a full array of numbers\(hint)")
        }
        guard answer.is_complex == 0 else { throw fault(name, found: "complex numbers", expected: "real ones") }
        guard (2...CMATIO_RANK).contains(Int(answer.rank)) else {
            throw fault(name, found: "\(answer.rank) axes", expected: "2 to \(CMATIO_RANK)")
        }
        let shape = withUnsafeBytes(of: answer.shape) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(answer.rank)).map { length in
                // Version 5 has signed lengths of 32 bits, which libmatio takes for unsigned ones.
                Int(isLevel5 ? UInt32(exactly: length).map { Int64(Int32(bitPattern: $0)) } ?? length : length)
            }
        }
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard length > 0, !overflow, product <= MATLimits.elements else {
                throw fault(
                    name, found: "a shape of \(MATVariable.text(shape))",
                    expected: "one element or more on each axis, and at most \(MATLimits.elements) in all")
            }
            count = product
        }
        guard count * type.bytes <= bytes.multipliedReportingOverflow(by: MATLimits.greatestRatio).partialValue else {
            throw fault(
                name, found: "a shape of \(MATVariable.text(shape))", expected: "one that a file of \(bytes) bytes can hold")
        }
        return MATVariable(name: name, type: type, shape: shape, isPacked: answer.is_packed != 0)
    }

    /// The elements of a small variable, in the file's order, as whole numbers.
    public func integers(_ variable: MATVariable) throws -> [Int] {
        guard variable.count <= MATLimits.smallElements else {
            throw fault(variable.name, found: variable.description, expected: "at most \(MATLimits.smallElements) elements")
        }
        var numbers: [Int] = []
        try slabs(of: variable) { _, bytes in
            guard let piece = variable.type.integers(bytes) else {
                throw fault(variable.name, found: "numbers that are not whole", expected: "whole ones")
            }
            numbers += piece
        }
        return numbers
    }

    /// Reads a variable from its front to its end.
    ///
    /// - Parameters:
    ///   - most: bytes of a slab at most; smaller slabs cost more unpacking.
    ///   - body: is given the indices of the last axis and their elements, which are valid until it returns.
    public func slabs(
        of variable: MATVariable, atMost most: Int = MATLimits.slabBytes,
        _ body: (_ last: Range<Int>, _ elements: UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let length = variable.shape[variable.shape.count - 1]
        let rowBytes = variable.row * variable.type.bytes
        // Large slabs help only a variable that is unpacked from its beginning each time.
        let goal = isLevel5 && variable.isPacked ? most : min(most, MATLimits.slabBytes / 8)
        guard rowBytes <= MATLimits.slabBytes else {
            throw fault(
                variable.name, found: variable.description,
                expected: "at most \(MATLimits.slabBytes) bytes for each index of the last axis")
        }
        let step = max(1, goal / rowBytes)
        for first in stride(from: 0, to: length, by: step) {
            let range = first..<min(first + step, length)
            let answer = try ask(variable.name, range)
            guard answer.kind == variable.type.rawValue else { preconditionFailure("a variable keeps its class") }
            try body(range, reader.elements(range.count * rowBytes))
        }
    }

    /// The error that names file, variable and expectation.
    func fault(_ name: String, found: String, expected: String) -> DataError {
        .variable(file: path, name: name, found: found, expected: expected)
    }

    private func ask(_ name: String, _ range: Range<Int>? = nil) throws -> cmatio_answer {
        let whole = "what libmatio can read (a damaged file?)"
        let answer: cmatio_answer
        do { answer = try reader.ask(name, range) } catch let cause as MATReader.Fault {
            switch cause {
            case .ended(let signal):
                let end = signal.map { " (signal \($0))" } ?? ""
                throw fault(name, found: "content that ended libmatio\(end)", expected: whole)
            case .silent: throw fault(name, found: "content that libmatio did not come to an end with", expected: whole)
            }
        }
        let words = Self.words(answer)
        switch cmatio_status(rawValue: UInt32(bitPattern: answer.status)) {
        case CMATIO_READ: return answer
        case CMATIO_MISSING:
            throw DataError.unfit(
                file: path, found: words.isEmpty ? "no variables" : "the variables \(words)", expected: "a variable \(name)")
        default:
            throw fault(
                name, found: words.isEmpty ? "content that libmatio cannot read" : "what libmatio calls \"\(words)\"",
                expected: whole)
        }
    }

    /// What libmatio said, in one line: it may quote names from the file.
    private static func words(_ answer: cmatio_answer) -> String {
        let bytes = withUnsafeBytes(of: answer.words) { Array($0.prefix { $0 != 0 }) }
        let letters = bytes.map { (0x21...0x7E).contains($0) ? Character(UnicodeScalar($0)) : " " }
        return String(letters).split(separator: " ").joined(separator: " ")
    }
}
