import ArgumentParser
import Foundation
import Wire

/// The kinds of files that `--out` writes, by the endings that say so.
enum OutputEnding: String, CaseIterable {
    case npy = ".npy"
    case png = ".png"
    case safetensors = ".safetensors"

    /// The kind that a path's ending means; nil for a name that is only an ending.
    init?(of path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let kind = Self.allCases.first(where: { name.lowercased().hasSuffix($0.rawValue) && name.count > $0.rawValue.count })
        else { return nil }
        self = kind
    }

    /// Refuses an `--out` whose ending means another kind than the command writes, before anything is read or computed.
    static func require(_ kinds: [OutputEnding], of path: String) throws {
        if let kind = OutputEnding(of: path), kinds.contains(kind) { return }
        let names = kinds.map(\.rawValue).joined(separator: " or ")
        throw ValidationError(
            "--out is \(path.printable(200)); the ending of a name says the kind, and this command writes NAME\(names.replacingOccurrences(of: " or ", with: " or NAME"))"
        )
    }
}
