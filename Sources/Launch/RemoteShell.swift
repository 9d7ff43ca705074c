import Files
import Foundation
import Glibc
import Waiting

/// The program that reaches a host: by default `ssh`. It is given options, a host, and one command for that host's shell.
public struct RemoteShell: Sendable, Equatable {
    /// The program's path and its options.
    let words: [String]
    /// The same as the user types it.
    let typed: String

    /// Options that `ssh` gets after the user's own; the user's values count where both are given. `ssh` must never ask a
    /// question, since nobody is there to answer, and must notice a dead connection.
    static let sshOptions = [
        "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3",
    ]

    /// Takes a command line as the user types it: spaces between words, quotes and backslashes as in a shell.
    ///
    /// - Throws: `LocalError` where a quote is not closed or there is no such program.
    public init(_ command: String = "ssh", searchPath: String? = ProcessInfo.processInfo.environment["PATH"]) throws {
        var words = try Self.split(command)
        guard let program = words.first else { throw LocalError("--ssh is empty; write for example --ssh \"ssh -p 2222\"") }
        guard let path = Self.find(program, in: searchPath) else {
            throw LocalError(
                "there is no program \(program) on the PATH; install an SSH client, or say with --ssh how hosts are reached")
        }
        words[0] = path
        typed = command
        self.words = words + ((program as NSString).lastPathComponent == "ssh" ? Self.sshOptions : [])
    }

    /// Program and arguments that run `lockstep` with `arguments` on a host: the first binary found at `paths`, or else, with
    /// `orOnPath`, the one on that host's PATH.
    func command(to target: String, paths: [String], orOnPath: Bool, arguments: [String]) -> (program: String, arguments: [String])
    {
        let quoted = arguments.map(ShellText.quoted).joined(separator: " ")
        var script = paths.map { "[ -x \(ShellText.quoted($0)) ] && exec \(ShellText.quoted($0)) \(quoted); " }.joined()
        script +=
            orOnPath
            ? "exec lockstep \(quoted)"
            : "echo \(ShellText.quoted("there is no program \(paths.joined(separator: ", "))")) >&2; exit 127"
        // The login shell there may be any shell; all of them read this line in the same way.
        return (words[0], Array(words.dropFirst()) + [target, "exec sh -c \(ShellText.quoted(script))"])
    }

    static func split(_ command: String) throws -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var escaped = false
        for character in command {
            if escaped {
                word = (word ?? "") + String(character)
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !escaped else { throw LocalError("--ssh \(command): a quote is not closed") }
        return words + (word.map { [$0] } ?? [])
    }

    private static func find(_ program: String, in searchPath: String?) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        return (searchPath ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
