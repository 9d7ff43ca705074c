import ArgumentParser
import Cluster
import Datasets
import Foundation
import Kernels
import Runs

/// The command: a name, and its subcommands.
struct Lockstep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Trains adversarial autoencoders on many processes and hosts; the weights come out the same, bit for bit.",
        discussion: """
            Settings come from, highest first: a flag, --set KEY=VALUE, the environment (LOCKSTEP_…), a file, a recipe.
            RUN is a path, a name under ./runs, or `latest`.
            Exit status: 0 done; 1 failure; 64 wrong usage; 78 a worker that was refused; 130 or 143 on a second signal.
            """,
        version: "lockstep \(Build.name)",
        subcommands: [
            Train.self, Coordinate.self, Work.self, Resume.self, DigestOf.self, Inspect.self, Replay.self, Encode.self,
            Decode.self, Sample.self, DrawFigures.self, Evaluate.self, DataCommand.self, RecipesCommand.self, Bench.self,
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

/// Wrong flags, keys and values are usage; everything else is failure.
private func isUsage(_ error: any Error) -> Bool {
    switch error {
    case is ConfigurationError, is UnknownRecipe, is KernelFamilyError, is UsageError: true
    case DataError.setting, DataError.unknownSet: true
    default: false
    }
}

/// A flag that contradicts another, or a value that cannot be: exit 64.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Results on standard output, everything else on standard error.
enum Output {
    static func result(_ text: String) { print(text) }

    static func complain(_ text: String) { FileHandle.standardError.write(Data("lockstep: \(text)\n".utf8)) }

    static func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
