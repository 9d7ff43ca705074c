import ArgumentParser
import Autoencoder
import Datasets
import Foundation
import Kernels
import Processes
import Runs
import Waiting
import Wire

/// The command: a name, and its subcommands.
struct Lockstep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Trains adversarial autoencoders on many processes and hosts; the weights come out the same, bit for bit.",
        discussion: """
            Settings come from, highest first: a flag, --set KEY=VALUE, the environment (LOCKSTEP_…), a file, a recipe.
            Of a flag that is given twice the last one counts, and so of a key of --set; a line says so.
            RUN is a path, a name under ./runs, or `latest`; RUN@STEP is its state after so many steps.
            Example:  lockstep train --recipe quickstart
            Exit status: 0 done; 1 failure; 64 wrong usage; 78 a worker that was refused; 130 or 143 on a second signal.
            """,
        version: "lockstep \(Build.name)",
        groupedSubcommands: [
            CommandGroup(name: "Train", subcommands: [Train.self, Resume.self, RecipesCommand.self, DataCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    ListRuns.self, Compare.self, Inspect.self, Evaluate.self, DrawFigures.self, Sample.self, Encode.self,
                    Decode.self,
                    Export.self, DigestOf.self,
                ]),
            CommandGroup(
                name: "Hosts",
                subcommands: [
                    Launch.self, DoctorCommand.self, Coordinate.self, Work.self, Serve.self, AgentCommand.self,
                ]),
            CommandGroup(name: "Verify", subcommands: [Replay.self, Bench.self, Plan.self, Simulate.self, Chaos.self]),
        ])
}

/// What this binary calls itself in handshakes and records.
enum Build {
    static let name = "\(Version.text)+\(commit)"
    static let commit = BuiltFrom.commit
}

/// Runs a command's body, and turns an error into one sentence on standard error and the contract's exit status.
func finishing(_ body: () throws -> Int32) throws {
    do {
        guard DescriptorLimit.present >= DescriptorLimit.least else {
            throw LocalError(
                "this process may have \(DescriptorLimit.present) open files, and every command needs \(DescriptorLimit.least); raise the hard limit (ulimit -Hn)"
            )
        }
        try requireCurrentFolder()
        let status = try body()
        if status != 0 { throw ExitCode(status) }
    } catch let code as ExitCode {
        throw code
    } catch let error as ValidationError {
        throw error
    } catch {
        Output.complain("\(error)")
        throw ExitCode(isUsage(error) ? 64 : 1)
    }
}

/// Requires the current folder to exist: where it is gone, a path without a leading `/` would mean one below `/`. Children have whole paths, and
/// go on without it.
private func requireCurrentFolder() throws {
    if CommandLine.arguments.contains("--parent-pid") { return }
    guard let path = getcwd(nil, 0) else {
        throw LocalError(
            "the current folder cannot be told: \(String(cString: strerror(errno))): it was deleted or unmounted since you went there; go to one that is there (cd), and type the command again"
        )
    }
    free(path)
}

/// Whether an error is one of usage (wrong flags, keys and values); everything else is failure.
private func isUsage(_ error: any Error) -> Bool {
    switch error {
    case is ConfigurationError, is SettingsError, is UnknownRecipe, is KernelFamilyError, is UsageError: true
    case DataError.setting, DataError.labels, DataError.classes, DataError.unlabelled, DataError.unknownSet: true
    default: false
    }
}

/// A flag that contradicts another, or an impossible value: exit 64.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Results on standard output, everything else on standard error.
enum Output {
    /// A result that is not written is a failure (a full disk behind `>`): nobody must take an empty file for a result.
    static func result(_ text: String) {
        let patience = Patience.untilWoken(by: "whoever reads the result, a pager too, or the end of him")
        guard let code = deliver("\(text)\n", to: STDOUT_FILENO, patience) else { return }
        complain("cannot write the result to standard output: \(String(cString: strerror(code)))")
        exit(1)
    }

    /// Prints an error as one line: it may quote anything from a file or a peer.
    static func complain(_ text: String) { note("lockstep: \(text.printable(8000))") }

    /// Prints a line for the user. A failure is ignored: where nobody can read the line, nobody can read of the failure.
    /// A stopped reader delays the line, but must not keep a command from ending.
    static func note(_ text: String) { _ = deliver("\(text)\n", to: STDERR_FILENO, .atMost(.seconds(5))) }

    /// Returns `errno` where not everything could be written.
    private static func deliver(_ text: String, to descriptor: Int32, _ patience: Patience) -> Int32? {
        errno = 0
        var text = text
        let isWhole = text.withUTF8 { Descriptor.write(UnsafeRawBufferPointer($0), to: descriptor, patience) }
        return isWhole ? nil : errno == 0 ? EIO : errno
    }
}
