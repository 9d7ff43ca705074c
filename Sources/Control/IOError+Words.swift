import Glibc
import NIOCore

extension IOError {
    /// The operating system's word for it.
    package var words: String { String(cString: strerror(errnoCode)) }
}
