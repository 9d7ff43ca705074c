import Glibc
import NIOCore

extension IOError {
    /// The operating system's word for it.
    var words: String { String(cString: strerror(errnoCode)) }
}
