import Coordinator
import Foundation
import Membership
import Runs
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// What the workers report of a step, whichever of them dies.
@Suite struct StepReportsTests {
    private func report(_ applied: UInt64, shards: [UInt32], loss: Double = 1) -> ControlPhaseReport {
        .with {
            $0.applied = applied
            $0.shards = shards.map { shard in
                .with {
                    $0.shard = shard
                    $0.rows = 9
                    $0.figures = [loss]
                }
            }
        }
    }

    private func step(_ step: UInt64, view: UInt64 = 1) -> ControlStepReport {
        .with {
            $0.step = step
            $0.view = view
        }
    }

    @Test("each shard of a phase counts once, whoever reports it and how often")
    func once() {
        var reports = StepReports(phases: 3, shards: 4, from: 0)
        reports.put(report(6, shards: [0, 1]))
        reports.put(report(6, shards: [1, 2], loss: 5))
        reports.put(report(6, shards: [0, 1]))
        reports.put(report(7, shards: [0]))
        let shards = reports.remove(2).shards
        #expect(shards.map(\.phase) == [0, 0, 0, 1])
        #expect(shards.map(\.report.shard) == [0, 1, 2, 0])
        #expect(shards.map { $0.report.figures[0] } == [1, 1, 5, 1] && shards.allSatisfy { $0.report.rows == 9 })
    }

    @Test("a step report that is sent again counts once, those of two workers both")
    func steps() {
        var reports = StepReports(phases: 3, shards: 4, from: 0)
        reports.put(step(4))
        reports.put(step(4))
        reports.put(step(4, view: 2))
        #expect(reports.remove(4).steps.count == 2)
    }

    @Test("what was taken is forgotten with all before it")
    func forgets() {
        var reports = StepReports(phases: 3, shards: 4, from: 0)
        for applied in [0, 3, 6] as [UInt64] { reports.put(report(applied, shards: [0])) }
        #expect(reports.remove(1).shards.count == 1)
        #expect(reports.remove(0).shards.isEmpty && reports.remove(1).shards.isEmpty)
        #expect(reports.remove(2).shards.count == 1)
    }

    @Test("a step nobody spoke of is empty, not an error")
    func nothing() {
        var reports = StepReports(phases: 3, shards: 4, from: 0)
        let known = reports.remove(77)
        #expect(known.shards.isEmpty && known.steps.isEmpty)
    }

    @Test("a worker that reports of steps without end fills no memory, and pushes out nobody's steps that are due")
    func bounded() {
        var reports = StepReports(phases: 3, shards: 4, from: 0)
        for step in (0..<UInt64(1000)).reversed() {
            reports.put(self.step(step))
            reports.put(report(step * 3, shards: [0]))
        }
        for step in [1 << 40, 1 << 50, .max / 3] as [UInt64] { reports.put(report(step * 3, shards: [0])) }
        #expect((0..<UInt64(1000)).count { !reports.remove($0).steps.isEmpty } == 96)
    }

    @Test(
        "shards that the run does not have, steps that are in the records, and more reports of a step than there can be are not kept"
    )
    func implausible() {
        var reports = StepReports(phases: 3, shards: 4, from: 5)
        reports.put(report(12, shards: [0]))
        reports.put(report(15, shards: [3, 4, .max]))
        for view in 0..<UInt64(2000) { reports.put(step(5, view: view)) }
        #expect(reports.remove(4).shards.isEmpty)
        let known = reports.remove(5)
        #expect(known.shards.map(\.report.shard) == [3] && known.steps.count <= 512)
    }
}

/// What workers of other hosts say of themselves.
@Suite struct WorkerNoticesTests {
    private let scratch = Scratch()

    private func notices(isLost: @escaping () -> Bool = { false }) throws -> (WorkerNotices, RunFolder) {
        let folder = try RunFolder.begin(
            try Configuration.load(ConfigurationSources(recipe: "quickstart")),
            provenance: Provenance(commit: "test", dataIdentity: "none", kernel: "haswell", commandLine: []),
            at: scratch.path + "/run")
        return (WorkerNotices(folder: folder, isLost: isLost), folder)
    }

    private func notice(_ text: String, level: String = "info") -> ControlNotice {
        .with {
            $0.level = level
            $0.text = text
        }
    }

    private func from(_ host: String) -> WorkerIdentity {
        WorkerIdentity(host: host, pid: 1, process: 1, build: "1", library: "OpenBLAS", kernel: "skylakex")
    }

    private func files(_ folder: RunFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("worker-") }.sorted()
    }

    @Test("each worker has a file of its own, a line a notice")
    func lines() throws {
        let (notices, folder) = try notices()
        notices.write(notice("view 1: rank 0"), worker: 3, from("alpha"))
        notices.write(notice("two\nlines\r\nof it"), worker: 3, from("alpha"))
        notices.write(notice("elsewhere", level: "warning"), worker: 4, from("beta.example"))
        #expect(try files(folder) == ["worker-3-alpha.log", "worker-4-beta.example.log"])
        let text = try String(contentsOfFile: folder.path + "/worker-3-alpha.log", encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasSuffix(" info view 1: rank 0") && lines[1].hasSuffix(" info two lines of it"))
    }

    @Test(
        "a host's name never leads out of the run's folder",
        arguments: ["../../etc/cron.d/x", "/etc/passwd", "a\0b", "a\nb", "ü/ö", "", String(repeating: "x", count: 5000)])
    func hostileHost(host: String) throws {
        let (notices, folder) = try notices()
        let before = try FileManager.default.subpathsOfDirectory(atPath: scratch.path).count
        notices.write(notice("hello"), worker: 7, from(host))
        let names = try files(folder)
        let name = try #require(names.first)
        #expect(names.count == 1 && name.hasPrefix("worker-7-") && name.utf8.count < 100)
        #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") })
        #expect(try FileManager.default.subpathsOfDirectory(atPath: scratch.path).count == before + 1)
    }

    @Test("a worker that talks too much fills its own file, which ends with a line that says so, and no other's")
    func bounded() throws {
        let (notices, folder) = try notices()
        let long = notice(String(repeating: "x", count: 4000), level: "a level of many letters")
        for _ in 0..<1000 { notices.write(long, worker: 1, from("alpha")) }
        notices.write(notice("still here"), worker: 2, from("beta"))
        let text = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/worker-1-alpha.log"))
        #expect(text.count >= WorkerNotices.maximumBytes && text.count < WorkerNotices.maximumBytes + 4096)
        #expect(String(decoding: text.suffix(60), as: UTF8.self).contains("is full"))
        #expect(try files(folder).count == 2)
    }

    @Test("nothing is written through a link that somebody has put in the place of a file, and the file is its owner's alone")
    func links() throws {
        let (notices, folder) = try notices()
        let victim = scratch.path + "/victim"
        try "mine\n".write(toFile: victim, atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/worker-3-alpha.log", withDestinationPath: victim)
        notices.write(notice("not yours"), worker: 3, from("alpha"))
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "mine\n")
        notices.write(notice("hello"), worker: 4, from("alpha"))
        var status = stat()
        #expect(stat(folder.path + "/worker-4-alpha.log", &status) == 0 && status.st_mode & 0o077 == 0)
    }

    @Test("nothing is written into a folder that is another coordinator's by now, not even into a file that was begun")
    func lost() throws {
        var isLost = false
        let (notices, folder) = try notices { isLost }
        notices.write(notice("mine"), worker: 3, from("alpha"))
        isLost = true
        notices.write(notice("not mine"), worker: 3, from("alpha"))
        notices.write(notice("not mine"), worker: 4, from("alpha"))
        #expect(try files(folder) == ["worker-3-alpha.log"])
        #expect(try !String(contentsOfFile: folder.path + "/worker-3-alpha.log", encoding: .utf8).contains("not mine"))
    }

    @Test("workers that come and go without end fill no folder")
    func filesBounded() throws {
        let (notices, folder) = try notices()
        let most = UInt32(WorkerNotices.maximumFiles)
        for worker in 0..<most + 10 { notices.write(notice("hello"), worker: worker, from("alpha")) }
        #expect(try files(folder).count == WorkerNotices.maximumFiles)
        // Workers that it knows may continue.
        notices.write(notice("again"), worker: 0, from("alpha"))
        let text = try String(contentsOfFile: folder.path + "/worker-0-alpha.log", encoding: .utf8)
        #expect(text.contains("again"))
    }
}
