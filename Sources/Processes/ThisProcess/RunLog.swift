import Files
import Foundation
import Logging
import Runs
import Synchronization
import Waiting
import Wire

/// The log of a process: it writes lines with time and level into a file, and above the progress line where a user watches.
///
/// A line that cannot be written is lost silently: there is no other place to say so, and no run ends because of its log.
public struct RunLog: LogHandler {
    /// Nothing below this level is written; lines below `info` go only into the file.
    public var logLevel = Logger.Level.debug
    public var metadata: Logger.Metadata = [:]
    private let sink: Sink

    /// Characters of a line: more than any sentence has.
    private static let longest = 8000

    /// A logger for the coordinator: file and terminal.
    ///
    /// - Throws: `LocalError` where the file cannot be written.
    public static func coordinator(path: String, progress: ProgressLine) throws -> Logger {
        let file = try LogFile(path: path)
        let handle = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: true)
        let sink = Sink { line, text in
            try? handle.write(contentsOf: Data(line.utf8))
            if let text { progress.message(text) }
        }
        return Logger(label: "coordinator") { _ in RunLog(sink: sink) }
    }

    /// A logger to standard error, for a worker.
    public static func standardError(label: String) -> Logger {
        let output = LossyOutput(descriptor: STDERR_FILENO)
        let sink = Sink { line, _ in output.write(line) }
        return Logger(label: label) { _ in RunLog(sink: sink) }
    }

    private init(sink: Sink) { self.sink = sink }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        // Whatever a message quotes from a peer or a file, it must stay one line.
        guard let message = sink.admit("\(event.message)".printable(Self.longest)) else { return }
        let text = event.level >= .warning ? "\(event.level): \(message)" : message
        let level = max(event.level, .info)
        sink.write("\(LogTime.stamp()) \(level) \(message)\n", event.level < .info ? nil : text)
    }

    /// Where the lines go, one at a time.
    private final class Sink: Sendable {
        private let output: Mutex<@Sendable (String, String?) -> Void>
        private let limiter = Mutex(LineLimiter())

        /// - Parameter output: takes the line for the file, and the line for a user who watches, if any.
        init(_ output: @escaping @Sendable (String, String?) -> Void) { self.output = Mutex(output) }

        /// The line, or nil where too many like it have come: so a loop does not fill the disk.
        func admit(_ line: String) -> String? { limiter.withLock { $0.admit(line, at: MonotonicTime.now) } }

        func write(_ line: String, _ text: String?) { output.withLock { $0(line, text) } }
    }
}

/// The time of a line in a log, with date and zone: logs of several days and of several hosts are read beside each other.
package enum LogTime {
    private static let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// "2026-11-26T04:38:00.123Z".
    package static func stamp() -> String { Date().formatted(format) }
}
