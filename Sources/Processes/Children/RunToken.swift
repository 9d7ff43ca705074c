import Kernels

/// A random secret of one run, known to its processes alone.
///
/// They read it from a descriptor that they inherit: so it stands in no argument, no environment variable and no named file. A process that
/// executes itself anew, for another kernel family, can read it there again.
package struct RunToken {
    /// Descriptor number of the token in the children.
    package static let descriptor: Int32 = 12

    package let line: String

    /// A fresh one.
    package init() { line = hexDigits(Secret.bytes(32)) + "\n" }

    /// The arguments that tell a process to read the token.
    package static let arguments = ["--token-descriptor", "\(descriptor)"]
}
