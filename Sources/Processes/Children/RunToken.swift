/// A random secret of one run, known to its processes alone.
///
/// They find it in a descriptor that they inherit: so it stands in no argument, no variable of the environment and no file that has a name, and
/// a process that executes itself anew, for another kernel family, finds it there again.
package struct RunToken {
    /// Descriptor number of the token in the children.
    package static let descriptor: Int32 = 12

    package let line: String

    /// A fresh one.
    package init() { line = Secret.digits(Secret.bytes(32)) + "\n" }

    /// What a process is told so that it reads the token.
    package static let arguments = ["--token-descriptor", "\(descriptor)"]
}
