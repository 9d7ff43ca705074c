import Foundation
import Wire

/// The first message of either side of a control connection is larger than a packet of any network: so a route that carries only small packets
/// is found before there is work to lose, and not by images that never come.
package enum LargeMessage {
    /// Random, since some links compress what can be compressed.
    package static let padding: Data = {
        var generator = SystemRandomNumberGenerator()
        var bytes = Data(capacity: Limits.padding)
        while bytes.count < Limits.padding {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }()
}
