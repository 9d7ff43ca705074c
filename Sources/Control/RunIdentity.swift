import Crypto
import Foundation

/// The 16 bytes by which gradient links identify their run.
package enum RunIdentity {
    package static func bytes(_ run: String) -> [UInt8] { Array(SHA256.hash(data: Data(run.utf8)).prefix(16)) }
}
