import Files
import Foundation
import Waiting
import Wire

/// A host that takes workers: how it is reached, and how many.
public struct HostEntry: Sendable, Hashable {
    /// Login name, where it is not the user's own.
    public var user: String?
    /// A name or an address, IPv6 without brackets.
    public var host: String
    /// Worker processes.
    public var slots: Int

    public init(user: String? = nil, host: String, slots: Int = 1) {
        self.user = user
        self.host = host
        self.slots = slots
    }

    /// The remote shell's argument: "host" or "user@host".
    public var target: String { user.map { "\($0)@\(host)" } ?? host }
}

/// The error for a list of hosts, typed after -H or in a file, that cannot be read: the place, and what would be right.
public struct HostListError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String
}

/// Reads lists of hosts.
public enum HostList {
    /// Most worker processes of one host, and most hosts of a list.
    public static let most = 256
    /// Most bytes of a host file: enough for `most` hosts, each with the longest name and a remark.
    private static let mostBytes = 1 << 18

    /// "a", "a:4", "user@a:4", "[fd00::10]:4", separated by commas.
    ///
    /// - Throws: `HostListError`.
    public static func parse(_ text: String) throws -> [HostEntry] {
        let entries = try text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            try entry(item.trimmingCharacters(in: .whitespaces), where: "-H")
        }
        return try checked(entries)
    }

    /// A file: one `host`, `host:slots` or `host slots=N` a line; `#` begins a remark.
    ///
    /// - Throws: `HostListError` with the line's number, and where the file cannot be read.
    public static func parse(file path: String) throws -> [HostEntry] {
        let file: SmallFile
        do throws(SmallFile.Refusal) {
            file = try SmallFile(path, limit: mostBytes, .atMost(.seconds(30)))
        } catch {
            throw HostListError(description: "The host file \(path) cannot be read: \(error); check the path and its mode.")
        }
        return try parse(text: file.bytes, name: path)
    }

    /// The lines of a host file named `name`.
    ///
    /// - Throws: `HostListError` with the line's number.
    public static func parse(lines text: String, name: String) throws -> [HostEntry] {
        try parse(text: Array(text.utf8), name: name)
    }

    private static func parse(text bytes: [UInt8], name: String) throws -> [HostEntry] {
        let text = String(decoding: WrittenText.normalised(bytes), as: UTF8.self)
        var entries: [HostEntry] = []
        var places: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0.isWhitespace }.map(String.init)
            guard let first = words.first else { continue }
            let place = "\(name), line \(index + 1)"
            var one = try entry(first, where: place)
            var isCounted = first.last(where: { ":]".contains($0) }) == ":"
            for word in words.dropFirst() {
                guard word.hasPrefix("slots=") else {
                    throw HostListError(
                        description: "\(place): \"\(word)\" is not understood; a line is host, host:4 or host slots=4.")
                }
                guard !isCounted else {
                    throw HostListError(description: "\(place): the number of workers stands twice; write \(one.target) \(word).")
                }
                one.slots = try slots(String(word.dropFirst("slots=".count)), where: place)
                isCounted = true
            }
            entries.append(one)
            places.append(place)
        }
        guard !entries.isEmpty else {
            throw HostListError(description: "The host file \(name) names no host; write one a line, for example 192.168.1.11:4.")
        }
        return try checked(entries, places)
    }

    private static func entry(_ text: String, where place: String) throws -> HostEntry {
        var rest = text[...]
        var user: String?
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        var host = rest
        var count: Substring?
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else {
                throw HostListError(description: "\(place): \"\(text)\" lacks the closing bracket; write for example [fd00::11]:4.")
            }
            host = rest[rest.index(after: rest.startIndex)..<close]
            let after = rest[rest.index(after: close)...]
            if !after.isEmpty {
                guard after.first == ":" else {
                    throw HostListError(description: "\(place): \"\(after)\" after the bracket; write for example [\(host)]:4.")
                }
                count = after.dropFirst()
            }
        } else if let colon = rest.firstIndex(of: ":") {
            guard rest.lastIndex(of: ":") == colon else {
                throw HostListError(description: "\(place): \"\(text)\" looks like IPv6; put the address in brackets: [\(rest)]:4.")
            }
            host = rest[..<colon]
            count = rest[rest.index(after: colon)...]
        }
        try check(String(host), user: user, in: text, where: place)
        return HostEntry(user: user, host: String(host), slots: try count.map { try slots(String($0), where: place) } ?? 1)
    }

    /// Checks names, which go to the remote shell as they are: none may look like one of its options.
    private static func check(_ host: String, user: String?, in text: String, where place: String) throws {
        func plain(_ name: String, _ others: String) -> Bool {
            !name.isEmpty && name.first != "-"
                && name.utf8.allSatisfy { byte in
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                        || others.utf8.contains(byte)
                }
        }
        guard !host.isEmpty else {
            throw HostListError(
                description: "\(place): a host is missing\(text.isEmpty ? "" : " in \"\(text)\""); write for example a:4,b:4.")
        }
        guard !LinkLocal.lacksZone(host) else {
            throw HostListError(
                description:
                    "\(place): \(host) is link-local and its zone is missing, the name of this host's interface to that link; write for example [\(LinkLocal.example(host))]:4."
            )
        }
        guard plain(host, "-._:%"), user.map({ plain($0, "-._") }) ?? true else {
            throw HostListError(description: "\(place): \"\(text)\" is no host; write host, host:4, user@host:4 or [IPv6]:4.")
        }
    }

    private static func slots(_ text: String, where place: String) throws -> Int {
        guard let number = Int(text), (1...most).contains(number) else {
            throw HostListError(
                description:
                    "\(place): \"\(text)\" workers on a host; a number from 1 to \(most) follows the colon, not a port (--ssh \"ssh -p 2222\" sets that)."
            )
        }
        return number
    }

    /// `places`: the place of each entry, where each has its own line.
    private static func checked(_ entries: [HostEntry], _ places: [String] = []) throws -> [HostEntry] {
        guard entries.count <= most else {
            throw HostListError(description: "\(entries.count) hosts; \(most) is the most a run takes.")
        }
        var seen: Set<String> = []
        for (index, entry) in entries.enumerated() where !seen.insert(entry.host).inserted {
            let total = entries.filter { $0.host == entry.host }.reduce(0) { $0 + $1.slots }
            let named = entry.host.contains(":") ? "[\(entry.host)]" : entry.host
            let place = places.isEmpty ? "The host" : "\(places[index]): the host"
            throw HostListError(
                description: "\(place) \(entry.host) stands twice; name it once, with \(total) workers: \(named):\(total).")
        }
        return entries
    }
}
