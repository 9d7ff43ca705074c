import Foundation
import Kernels
import Wire

/// The form in a welcome: little-endian floats, first every mean, then every deviation.
extension Standardisation {
    package var bytes: Data {
        var data = Data(capacity: 8 * pixels)
        for value in mean + std { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        return data
    }

    /// Nil for any other bytes.
    package init?(bytes: Data) {
        guard bytes.count % 8 == 0 else { return nil }
        let values = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
        }
        self.init(mean: Array(values.prefix(values.count / 2)), std: Array(values.suffix(values.count / 2)))
    }
}
