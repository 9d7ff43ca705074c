import Foundation
import Wire

/// The first message of either side of a control connection is larger than a packet of any network: a way that carries small messages only is
/// found out before there is work to lose, and not by images that never come.
package enum LargeMessage {
    /// Random, since some links pack what can be packed.
    package static let padding: Data = {
        var generator = SystemRandomNumberGenerator()
        var bytes = Data(capacity: Limits.padding)
        while bytes.count < Limits.padding {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }()
}
