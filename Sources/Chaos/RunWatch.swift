import Files
import Foundation
import Glibc
import Runs

/// Follows a run from the outside while it goes, by what is written to its `metrics.jsonl`.
///
/// A coordinator that takes over replaces the file by a copy without the steps that will be done again. Events stay in
/// their order, so counting them tells which are new.
final class RunWatch {
    /// An event of the run, with the wall clock of when it happened.
    struct Event {
        var what: String
        var time: Double
        var fields: JSON
        /// For an event of a view: steps that were done and will be done again.
        var undone: UInt64 = 0

        func number(_ key: String) -> UInt64? { fields[key]?.unsignedValue }
    }

    private let path: String
    private let phases: UInt64
    /// The chain hash after each step of the calm run.
    private let chains: [UInt64: UInt64]
    private var file: FileHandle?
    private var inode: UInt64 = 0
    private var rest: [UInt8] = []
    private var eventsInFile = 0
    private var eventsSeen = 0
    /// The most steps done that the file has ever shown.
    private(set) var step: UInt64 = 0
    /// Steps done since the run last went back.
    private var reached: UInt64 = 0
    /// Wall clock of the last step that was new.
    private(set) var progressed = Date().timeIntervalSince1970
    /// When each view began.
    private(set) var views: [UInt64: Double] = [:]
    /// When the last view began.
    private(set) var lastView: Double = 0
    /// The processes of the last view that have not been lost since: each holds the whole state.
    private(set) var members: Set<Int32> = []
    /// All processes of the last view.
    private(set) var formed: Set<Int32> = []
    /// The first step whose sums were not those of the calm run.
    private(set) var firstWrong: UInt64?

    /// - Parameter phases: phases of a step.
    init(path: String, phases: UInt64, chains: [UInt64: UInt64]) {
        self.phases = phases
        self.path = path
        self.chains = chains
    }

    /// What happened since the last call.
    func poll(now: Double) -> [Event] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        if status.st_ino != inode {
            try? file?.close()
            file = FileHandle(forReadingAtPath: path)
            (inode, rest, eventsInFile) = (UInt64(status.st_ino), [], 0)
        }
        guard let file, let data = try? file.readToEnd(), !data.isEmpty else { return [] }
        rest += data
        var events: [Event] = []
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let event = read(rest[start..<end], now) { events.append(event) }
            start = end + 1
        }
        rest.removeFirst(start)
        return events
    }

    /// The file was replaced by an older one: all events in it are known, and whatever follows them is new.
    func wentBack() {
        let lines = SystemText.text(path, limit: nil).utf8.split(separator: UInt8(ascii: "\n"))
        eventsSeen = lines.count { $0.starts(with: Self.eventPrefix) }
    }

    private static let stepPrefix = Array(#"{"kind":"step","step":"#.utf8)
    private static let eventPrefix = Array(#"{"kind":"event""#.utf8)

    private func read(_ line: ArraySlice<UInt8>, _ now: Double) -> Event? {
        if line.starts(with: Self.stepPrefix) {
            readStep(line, now)
            return nil
        }
        guard line.starts(with: Self.eventPrefix) else { return nil }
        eventsInFile += 1
        guard eventsInFile > eventsSeen else { return nil }
        eventsSeen = eventsInFile
        guard let fields = try? JSON(parsing: Array(line)), let what = fields["what"]?.stringValue else { return nil }
        var event = Event(what: what, time: fields["time"]?.doubleValue ?? now, fields: fields)
        note(&event)
        return event
    }

    /// The step's number stands first in the line and its chain hash last: the rest is not worth reading here.
    private func readStep(_ line: ArraySlice<UInt8>, _ now: Double) {
        let digits = line.dropFirst(Self.stepPrefix.count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let number = UInt64(String(decoding: digits, as: UTF8.self)),
            let chain = UInt64(String(decoding: line.suffix(18).prefix(16), as: UTF8.self), radix: 16)
        else { return }
        if let right = chains[number], right != chain, firstWrong == nil { firstWrong = number }
        // A file that is read again shows known steps, which may have been undone since.
        guard eventsInFile >= eventsSeen else { return }
        reached = max(reached, number)
        if number > step { (step, progressed) = (number, now) }
    }

    private func note(_ event: inout Event) {
        switch event.what {
        case "view":
            if let number = event.number("view") { views[number] = event.time }
            lastView = max(lastView, event.time)
            members = Set((event.fields["pids"]?.arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) })
            formed = members
            let begins = (event.number("applied") ?? 0) / phases
            if reached > begins { (event.undone, reached) = (reached - begins, begins) }
        case "death":
            if let pid = event.number("pid") { members.remove(Int32(pid)) }
        default: break
        }
    }
}
