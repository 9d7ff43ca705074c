import Foundation

/// The file that this process runs: what it starts its children from.
package enum Executable {
    /// Its path, as the kernel knows it. Where `/proc` is missing, it is the name that this program was called by.
    package static var path: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}
