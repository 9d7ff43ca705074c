import Foundation
import Testing

/// Files that a test makes and then executes.
///
/// Another process writes them: a file that this one writes is open for a moment in every child that a neighbouring test begins just then, and the
/// kernel executes nothing that is open for writing ("Text file busy").
enum Executable {
    /// A shell script.
    static func script(_ text: String, at path: String) throws {
        let draft = path + ".draft"
        try text.write(toFile: draft, atomically: true, encoding: .utf8)
        try copy(draft, to: path)
        try FileManager.default.removeItem(atPath: draft)
    }

    /// A copy of a file, for its owner to execute.
    static func copy(_ source: String, to path: String) throws {
        let install = Process()
        install.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        install.arguments = ["install", "-m", "755", source, path]
        try install.run()
        install.waitUntilExit()
        try #require(install.terminationStatus == 0, "install \(source) \(path)")
    }
}
