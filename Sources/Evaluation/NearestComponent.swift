import Autoencoder
import Kernels

/// How many codes lie in another class's part of the prior instead of their own (section 2.3 of the paper).
public struct NearestComponent: Sendable, Equatable {
    /// The share of codes whose most likely part of the prior is not their class's; a NaN code is in no part.
    public let error: Double
    /// The same share for the prior's own samples, since the parts overlap.
    public let floor: Double

    public init(error: Double, floor: Double) {
        self.error = error
        self.floor = floor
    }

    /// Samples by which the floor is measured.
    static let samples = 10_000

    /// The share of codes, one a row, that are not in their class's part; nil where there are none.
    public static func error(of codes: Matrix, labels: [UInt8], in parts: CodeParts) -> Double? {
        guard codes.rows > 0, labels.count == codes.rows else { return nil }
        let wrong = (0..<codes.rows).count { parts.part(of: codes.row($0)) != Int(labels[$0]) }
        return Double(wrong) / Double(codes.rows)
    }

    /// The share of a prior's own samples that are not in the part they were drawn from.
    static func floor(of prior: PriorSettings, codeSize: Int, parts: CodeParts, source: RandomSource) -> Double {
        let labels = (0..<samples).map { UInt8($0 % parts.count) }
        let codes = Matrix(rows: samples, columns: codeSize)
        prior.sample(into: codes, source: source, firstRow: 0, labels: RowLabels(Slice(labels), classes: parts.count))
        return error(of: codes, labels: labels, in: parts) ?? 0
    }
}
