import Crypto
import Kernels

/// Samples that a prior is made of, N of Z values each, checked: finite, within the range that training is safe in.
public struct CodeSamples: Sendable {
    /// The most values of all samples together; they travel to a worker in one message.
    public static let mostValues = 2 << 20
    /// The fewest samples: a single point says nothing about a distribution.
    public static let fewest = 2

    public let count: Int
    public let dimensions: Int
    /// (N, Z), row by row.
    let values: [Float]
    /// 64 hex digits that are equal exactly where shape and values are equal.
    public let digest: String

    /// - Parameter values: (N, Z), row by row.
    /// - Throws: `Unfit`.
    public init(_ values: [Float], dimensions: Int) throws(Unfit) {
        guard dimensions > 0, values.count % dimensions == 0 else {
            throw Unfit(
                found: "\(values.count) values in samples of \(dimensions)", expected: "\(Self.fewest) samples or more")
        }
        let rows = values.count / dimensions
        guard rows >= Self.fewest else {
            throw Unfit(
                found: "\(rows) sample\(rows == 1 ? "" : "s") of \(dimensions) value\(dimensions == 1 ? "" : "s")",
                expected: "\(Self.fewest) samples or more")
        }
        guard values.count <= Self.mostValues else {
            throw Unfit(
                found: "\(values.count / dimensions) samples of \(dimensions) values",
                expected: "at most \(Self.mostValues) values in all: every worker is sent them")
        }
        if let wrong = values.firstIndex(where: { !RealRange.any.holds(Double($0)) }) {
            throw Unfit(
                found: "\(values[wrong]) in sample \(wrong / dimensions) (from 0)",
                expected: "finite values of \(RealRange.any.text)")
        }
        self.values = values
        self.dimensions = dimensions
        count = values.count / dimensions
        digest = Self.digest(values, dimensions)
    }

    /// Values that are no samples of a prior: what was found, and what was expected.
    public struct Unfit: Error, Equatable {
        public let found, expected: String
    }

    /// Little-endian, row by row.
    public var bytes: [UInt8] { Self.bytes(values) }

    /// The values of such bytes; nil where the bytes end within a value.
    public static func values(ofBytes bytes: some Collection<UInt8>) -> [Float]? {
        guard bytes.count % 4 == 0 else { return nil }
        var (values, word, place): ([Float], UInt32, UInt32) = ([], 0, 0)
        values.reserveCapacity(bytes.count / 4)
        for byte in bytes {
            word |= UInt32(byte) << (8 * place)
            place += 1
            guard place == 4 else { continue }
            values.append(Float(bitPattern: word))
            (word, place) = (0, 0)
        }
        return values
    }

    /// Which sample a row draws: each with the same probability, to one part in 2⁶⁴ / N.
    func index(_ source: RandomSource, row: UInt32) -> Int {
        let words = (0..<2).map { UInt64(source.word(row: row, element: PriorParts.element + $0)) }
        return Int((words[0] << 32 | words[1]).multipliedFullWidth(by: UInt64(count)).high)
    }

    func copy(_ index: Int, into row: Slice<Float>) {
        for column in 0..<dimensions { row[column] = values[index * dimensions + column] }
    }

    private static func bytes(_ values: [Float]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4 * values.count)
        for (index, value) in values.enumerated() {
            for place in 0..<4 { bytes[4 * index + place] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * place)) }
        }
        return bytes
    }

    private static func digest(_ values: [Float], _ dimensions: Int) -> String {
        var hash = SHA256()
        hash.update(data: Array("samples of \(dimensions)\n".utf8))
        hash.update(data: bytes(values))
        return hexDigits(hash.finalize())
    }
}
