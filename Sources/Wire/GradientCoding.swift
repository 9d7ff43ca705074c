/// How a frame's integers are written; lossless, whichever it is.
public enum GradientCoding: UInt8, Sendable, Hashable, CaseIterable {
    /// All are zero: no payload.
    case empty = 0
    /// Int32, little-endian, one piece after the other.
    case raw = 1
    /// Width bytes and byte planes (`GradientCodec`).
    case packed = 2
    /// The packed bytes as one zstd frame.
    case packedZstd = 3
    /// Weights by rANS with classes of rows and columns, the rest packed (`GradientCodec+Entropy.swift`).
    case entropy = 4
}

/// Why a gradient payload is not what its header says.
public enum GradientCodecError: Error, Sendable, Equatable, CustomStringConvertible {
    case length(coding: GradientCoding, found: Int, expected: Int)
    case width(block: Int, found: UInt8)
    case zstd(ZstdError)
    case entropy(piece: Int)

    public var description: String {
        switch self {
        case .length(let coding, let found, let expected):
            "a gradient payload coded \(coding) has \(found) bytes where \(expected) are due: run the same build on every host"
        case .width(let block, let found):
            "block \(block) of a gradient payload has width \(found), at most 4 is possible: the payload is damaged"
        case .zstd(let error):
            "a gradient payload is damaged: \(error)"
        case .entropy(let piece):
            "piece \(piece) of a gradient payload is not what an entropy coder writes: the payload is damaged"
        }
    }
}
