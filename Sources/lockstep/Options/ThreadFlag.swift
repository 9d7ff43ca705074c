import ArgumentParser
import Runs

/// `--threads`, wherever a command has it.
enum ThreadFlag {
    /// Refuses a number that no process can have, before it is used.
    static func check(_ threads: Int?) throws {
        guard let threads, !(1...Configuration.mostThreads).contains(threads) else { return }
        throw ValidationError("--threads is \(threads); it must be 1 to \(Configuration.mostThreads)")
    }
}
