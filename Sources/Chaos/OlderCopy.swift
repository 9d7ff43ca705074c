import Foundation
import Glibc

/// The run's own files in its folder as they were at one moment: like a backup that is put back too late.
struct OlderCopy {
    /// Steps that the run does before its copy comes back.
    static let distance: UInt64 = 20
    private static let parts = ["metrics.jsonl", "steps.log", "checkpoints", "generation"]

    let step: UInt64
    private let folder: String
    private var place: String { folder + "-older" }

    /// Copies a live run while its coordinator is stopped; nil where that fails.
    init?(of folder: String, step: UInt64, while coordinator: Int32) {
        (self.folder, self.step) = (folder, step)
        kill(coordinator, SIGSTOP)
        defer { kill(coordinator, SIGCONT) }
        remove()
        do {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for part in Self.parts where FileManager.default.fileExists(atPath: folder + "/" + part) {
                try FileManager.default.copyItem(atPath: folder + "/" + part, toPath: place + "/" + part)
            }
        } catch {
            remove()
            return nil
        }
    }

    /// Replaces the present files by the copy.
    func restore() {
        for part in Self.parts {
            try? FileManager.default.removeItem(atPath: folder + "/" + part)
            try? FileManager.default.moveItem(atPath: place + "/" + part, toPath: folder + "/" + part)
        }
        remove()
    }

    func remove() { try? FileManager.default.removeItem(atPath: place) }
}
