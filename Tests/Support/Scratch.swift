import Foundation

/// A folder of a test's own, removed with the value.
public final class Scratch: Sendable {
    public let path: String

    public init() {
        path = FileManager.default.temporaryDirectory.path + "/lockstep-test-" + UUID().uuidString
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            preconditionFailure("no temporary folder: \(error)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file or folder in it, whether it is there or not.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file, with its folders; returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let whole = file(name)
        try FileManager.default.createDirectory(
            atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: whole))
        return whole
    }

    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    /// A file of a name of its own and of that mode; its path.
    public func write(_ text: String, mode: Int) throws -> String {
        let whole = try write(text, to: "file-\(UUID().uuidString)")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: whole)
        return whole
    }

    /// Bytes of a file; 0 where it is not there.
    public func size(of name: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: file(name))[.size]) as? NSNumber)?.intValue ?? 0
    }

    public func read(_ name: String) throws -> [UInt8] { try Self.bytes(file(name)) }

    /// Everything in it, by paths from it on.
    public var names: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() }
    }

    public static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    public static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    /// What stands in a folder, not below it.
    public static func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }
}

/// What an error says; "no error" where there is none.
public func sentence(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}
