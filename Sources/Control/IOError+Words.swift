import Glibc
import NIOCore

extension IOError {
    /// The operating system's text for this error.
    package var words: String { String(cString: strerror(errnoCode)) }
}
