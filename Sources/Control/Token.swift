import Crypto
import Files
import Foundation
import Glibc
import Processes
import Waiting
import Wire

/// A secret that coordinator and workers of a run share, and prove to each other to know without saying it.
public struct Token: Sendable {
    /// Characters a token must have at least: shorter ones can be guessed from one recorded handshake.
    public static let minimumLength = 16
    package static let nonceBytes = 32

    /// A process that dialled loopback would be reached by other hosts without one.
    package struct Missing: Error, CustomStringConvertible {
        package let description =
            "workers of this run are on other hosts and this process has no token: give it the coordinator's with --token-file, or --insecure on a network you trust"

        package init() {}
    }

    private let key: SymmetricKey

    /// A token of `text` without the white space around it.
    ///
    /// - Throws: `LocalError` where it is too short.
    public init(_ text: String, from source: String = "the token") throws {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.utf8.count >= Self.minimumLength else {
            throw LocalError(
                "\(source) has \(text.utf8.count) characters and a token needs \(Self.minimumLength); make one with `head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE`"
            )
        }
        key = SymmetricKey(data: SHA256.hash(data: Data(text.utf8)))
    }

    /// The token in a file, which nobody else may read; what this process has inherited as a descriptor, a pipe for one, is taken as it is, and
    /// the token is left in its place for a program that executes itself anew.
    ///
    /// - Throws: `LocalError` for a file that is missing, is none, is open to others, or holds something else than one line of that length.
    public init(file path: String) throws {
        let source = "the token file \(path)"
        let file: SmallFile
        do throws(SmallFile.Refusal) {
            file = try SmallFile(path, limit: Self.longestLine, endsWithLine: true, .atMost(.seconds(30)))
        } catch {
            throw LocalError("\(source) cannot be read: \(error)")
        }
        if file.isRegular, file.permissions & 0o077 != 0 {
            throw LocalError("\(source) can be read by others; protect it: chmod 600 \(path)")
        }
        let text = try Self.text(file.bytes, source)
        guard !text.contains(where: \.isNewline) else {
            throw LocalError("\(source) has more than one line, and a token is one; put the token alone there")
        }
        try self.init(text, from: source)
        if !file.isRegular { Self.leave(text, at: path) }
    }

    /// Plain text. What an editor or a copy has put beside it would make two tokens of one, without anything that a person can see.
    private static func text(_ bytes: [UInt8], _ source: String) throws -> String {
        let bytes = WrittenText.normalised(bytes)
        if bytes.contains(0) {
            throw LocalError("\(source) holds a NUL byte, so it is no plain text: save it as UTF-8, or make a new one")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw LocalError("\(source) is not text in UTF-8; make one with `head -c 32 /dev/urandom | base64 > FILE`")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A pipe has given its token away. Whoever opens the same path again shall find it.
    private static func leave(_ line: String, at path: String) {
        guard let number = SmallFile.inheritedDescriptor(path) else { return }
        KeptInput.leave(line + "\n", at: number)
    }

    /// The token in memory that a parent has handed down. It stays there: a program that executes itself anew reads it again.
    ///
    /// - Throws: `LocalError` for a descriptor that is none, or that holds no token.
    public init(descriptor: Int32) throws {
        let source = "the token of descriptor \(descriptor)"
        var bytes = [UInt8](repeating: 0, count: Self.longestLine)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else {
            throw LocalError(
                "\(source) cannot be read: \(String(cString: strerror(errno))); it is for processes that lockstep starts")
        }
        try self.init(Self.text(Array(bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }), source), from: source)
    }

    /// Longest line of a file that is read.
    private static let longestLine = 4096

    static func nonce() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// Which side's proof a code is: one side's is never good for the other.
    enum Role: String { case coordinator, worker }

    /// HMAC-SHA-256 over the role and both nonces.
    func code(_ role: Role, worker: [UInt8], coordinator: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message(role, worker, coordinator), using: key))
    }

    /// In a time that does not tell where a wrong code differs.
    func isRight(_ code: [UInt8], _ role: Role, worker: [UInt8], coordinator: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message(role, worker, coordinator), using: key)
    }

    private func message(_ role: Role, _ worker: [UInt8], _ coordinator: [UInt8]) -> Data {
        Data("lockstep \(role.rawValue) ".utf8) + worker + coordinator
    }
}
