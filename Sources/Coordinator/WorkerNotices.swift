import Files
import Foundation
import Membership
import Processes
import Runs
import Waiting
import Wire

/// What workers of other hosts report of themselves, one file each in the run's folder, so that it can be read in one
/// place. Bounded: a worker that says too much fills its own file, not the disk.
package final class WorkerNotices {
    /// Bytes of one worker's file.
    package static let maximumBytes = 1 << 20
    /// Files of one coordinator: workers that come and go have a new number each time.
    package static let maximumFiles = 512

    private let folder: RunFolder
    private let isLost: () -> Bool
    private var written: [UInt32: Int] = [:]

    /// - Parameter isLost: whether the folder is not this coordinator's any more, so that nothing is written there.
    package init(folder: RunFolder, isLost: @escaping () -> Bool) {
        self.folder = folder
        self.isLost = isLost
    }

    package func write(_ notice: ControlNotice, worker: UInt32, _ identity: WorkerIdentity?) {
        guard !isLost(), written[worker] != nil || written.count < Self.maximumFiles else { return }
        let before = written[worker] ?? 0
        guard before < Self.maximumBytes else { return }
        // A name that comes over the network becomes part of a path: letters, digits, dots and dashes only.
        let host = String(
            (identity?.host ?? "").prefix(64).map {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "-"
            })
        let words = notice.text.prefix(2000).map { $0.isNewline ? " " : $0 }
        var line =
            "\(LogTime.stamp()) \(notice.level.prefix(8)) \(String(words))\n"
        if before + line.utf8.count >= Self.maximumBytes { line += "… this worker's file is full\n" }
        written[worker] = before + line.utf8.count
        guard let file = try? LogFile(path: folder.noticesPath(worker: worker, host: host)) else { return }
        defer { file.close() }
        try? FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false).write(contentsOf: Data(line.utf8))
    }
}
