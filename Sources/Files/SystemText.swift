import Foundation
import Waiting

/// What the kernel writes in files of `/proc` and `/sys`. They have no size, so they are read to their end.
package enum SystemText {
    /// Most bytes that are read where the caller sets no other limit: a machine with many mounts has some hundred lines.
    package static let longest = 1 << 20

    /// A whole file; empty where it is missing, as for a process that ends meanwhile, or longer than the limit. The kernel answers
    /// such a read at once.
    ///
    /// - Parameter limit: nil: none, for lists that grow with the machine, and for what this program's own processes write.
    package static func text(_ path: String, limit: Int? = longest) -> String {
        String(decoding: (try? SmallFile(path, limit: limit ?? .max, .atMost(.seconds(1))))?.bytes ?? [], as: UTF8.self)
    }

    /// A file of one line, without the white space around it; empty where there is none.
    package static func line(_ path: String) -> String { text(path).trimmingCharacters(in: .whitespacesAndNewlines) }

    /// What follows a name and a colon in the first line "Name:   value" of that name, without the blanks around it.
    package static func value(of name: String, in text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
            if rest.first == ":" { return rest.dropFirst().trimmingCharacters(in: .whitespaces) }
        }
        return nil
    }

    /// The bytes of a line that counts in kB, as "MemAvailable:   20480 kB".
    package static func bytes(of name: String, in text: String) -> UInt64? {
        value(of: name, in: text).flatMap { fields($0).first }.flatMap { UInt64($0) }.map { $0 << 10 }
    }

    /// The words of a line, or of a text of one line.
    package static func fields(_ line: String) -> [Substring] { line.split { $0 == " " || $0 == "\t" || $0 == "\n" } }
}
