import Crypto
import Files
import Foundation
import Glibc
import Processes
import Waiting
import Wire

/// A secret that the coordinator and workers of a run share. Each side proves to the other that it knows it, without sending it.
public struct Token: Sendable {
    /// Characters a token must have at least: shorter ones can be guessed from one recorded handshake.
    public static let minimumLength = 16
    package static let nonceBytes = 32

    /// The error where other hosts could reach a process that has no token.
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

    /// The token in a file, which no other user may read. An inherited descriptor, such as a pipe, is accepted as it is, and the token is left
    /// in its place for a program that executes itself anew.
    ///
    /// - Throws: `LocalError` where the file is missing, is no file, is open to others, or holds anything but one line of the required length.
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

    /// The token as plain text. Invisible characters that an editor or a copy has added would make a different token, and nobody could see why.
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

    /// Puts the token back: a pipe gives its content only once, and the same path may be opened again.
    private static func leave(_ line: String, at path: String) {
        guard let number = SmallFile.inheritedDescriptor(path) else { return }
        KeptInput.leave(Array((line + "\n").utf8), at: number)
    }

    /// The token in memory that a parent has handed down. It stays there: a program that executes itself anew reads it again.
    ///
    /// - Throws: `LocalError` where the descriptor is not open, or holds no token.
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

    /// The longest line that is read from a file.
    private static let longestLine = 4096

    static func nonce() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// The side whose proof a code is: the proof of one side is never valid for the other.
    enum Role: String { case coordinator, worker }

    /// HMAC-SHA-256 over the role and both nonces.
    func code(_ role: Role, worker: [UInt8], coordinator: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message(role, worker, coordinator), using: key))
    }

    /// Checks a code in constant time, which does not reveal where a wrong code differs.
    func isRight(_ code: [UInt8], _ role: Role, worker: [UInt8], coordinator: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message(role, worker, coordinator), using: key)
    }

    private func message(_ role: Role, _ worker: [UInt8], _ coordinator: [UInt8]) -> Data {
        Data("lockstep \(role.rawValue) ".utf8) + worker + coordinator
    }
}
