import Files
import Foundation
import Runs
import Synchronization
import TestSupport
import Testing

/// Metrics, step log and events on a disk that refuses for a while: nothing is lost, no record is torn, and the fault is reported once.
@Suite struct RecordFaultTests {
    let scratch = Scratch()

    /// What was warned of.
    final class Warnings: Sendable {
        private let texts: Texts
        let notices: DiskNotices
        var all: [String] { texts.list.withLock { $0 } }

        private final class Texts: Sendable {
            let list = Mutex<[String]>([])
        }

        init() {
            let texts = Texts()
            self.texts = texts
            notices = DiskNotices { text in texts.list.withLock { $0.append(text) } }
        }
    }

    @Test("Lines that a full disk refuses, also in part, wait and are written in order when there is room", arguments: [0, 0.3])
    func waits(share: Double) throws {
        let faults = FaultyDisk(.nothing)
        let warnings = Warnings()
        let path = scratch.file("metrics.jsonl")
        let writer = try MetricsWriter(path: path, disk: faults.disk, notices: warnings.notices)
        try writer.write(MetricsTests.step(1))
        for step in 2...9 as ClosedRange<UInt64> {
            // Each try fails anew, a little further on.
            faults.change(to: .fails(operation: faults.count + 1, code: ENOSPC, written: share))
            try writer.write(MetricsTests.step(step))
        }
        #expect(warnings.all.count == 1)
        #expect(warnings.all[0].hasPrefix("cannot write \(path): No space left on device ("))
        #expect(warnings.all[0].contains("records wait in memory and the run goes on"))
        faults.change(to: .nothing)
        try writer.write(MetricsTests.step(10))
        writer.sync()
        #expect(try MetricsReader(path: path).steps == (1...10).map { MetricsTests.step($0) })
        #expect(warnings.all.dropFirst() == ["records can be written again, and none was dropped"])
        try writer.close()
    }

    @Test("Three files on one full disk are one warning")
    func oneWarning() throws {
        let faults = FaultyDisk(.nothing)
        let warnings = Warnings()
        let metrics = try MetricsWriter(path: scratch.file("metrics.jsonl"), disk: faults.disk, notices: warnings.notices)
        let steps = try StepsLog(path: scratch.file("steps.log"), disk: faults.disk, notices: warnings.notices)
        let events = EventFileWriter(directory: scratch.path, host: "h", disk: faults.disk, notices: warnings.notices)
        faults.change(to: .failsAlways([.write], code: ENOSPC, times: .max))
        for step in 1...5 as ClosedRange<UInt64> {
            try metrics.write(MetricsTests.step(step))
            try steps.append(StepRecord(step: step, view: 1, chain: step))
            events.write(MetricsTests.step(step))
        }
        #expect(warnings.all.count == 1)
        faults.change(to: .nothing)
        try metrics.close()
        try steps.close()
        #expect(warnings.all.count == 1)
        events.close()
        #expect(warnings.all.count == 2)
        #expect(try MetricsReader(path: scratch.file("metrics.jsonl")).steps.count == 5)
        #expect(try StepsLog.read(scratch.file("steps.log")).map(\.step) == [1, 2, 3, 4, 5])
        #expect(EventFileTests.records(try Scratch.bytes(events.path)).count == 6)
    }

    @Test("A file of events that cannot even be created is created later, with all events")
    func lateEvents() throws {
        let faults = FaultyDisk(.failsAlways([.create], code: EROFS, times: .max))
        let warnings = Warnings()
        let events = EventFileWriter(directory: scratch.path, host: "h", disk: faults.disk, notices: warnings.notices)
        for step in 1...4 as ClosedRange<UInt64> { events.write(MetricsTests.step(step)) }
        #expect(warnings.all.count == 1 && warnings.all[0].contains("Read-only file system"))
        #expect(!FileManager.default.fileExists(atPath: events.path))
        faults.change(to: .nothing)
        events.close()
        #expect(EventFileTests.records(try Scratch.bytes(events.path)).count == 5)
    }

    @Test("When too many lines wait the error is thrown, and what is on the disk stays readable")
    func tooMany() throws {
        let faults = FaultyDisk(.nothing)
        let path = scratch.file("metrics.jsonl")
        let writer = try MetricsWriter(path: path, disk: faults.disk)
        try writer.write(MetricsTests.step(1))
        faults.change(to: .failsAlways([.write], code: EIO, times: .max))
        let text = String(repeating: "x", count: 1 << 19)
        var accepted = 0
        let error = #expect(throws: DiskError.self) {
            for _ in 0..<20 {
                try writer.event("note", [("text", .string(text))])
                accepted += 1
            }
        }
        #expect(error?.code == EIO && accepted == 15)
        #expect(try MetricsReader(path: path).steps == [MetricsTests.step(1)])
        // Room again: what waited is not lost.
        faults.change(to: .nothing)
        try writer.close()
        #expect(try MetricsReader(path: path).events.count == 15)
    }

    @Test("Events that are too many to wait are dropped whole and counted")
    func droppedEvents() throws {
        let faults = FaultyDisk(.failsAlways([.write], code: ENOSPC, times: .max))
        let warnings = Warnings()
        let events = EventFileWriter(directory: scratch.path, host: "h", disk: faults.disk, notices: warnings.notices)
        let tag = String(repeating: "x", count: 1 << 20)
        for step in 1...10 as ClosedRange<UInt64> { events.scalars(step: step, [(tag, 1)]) }
        faults.change(to: .nothing)
        events.close()
        #expect(EventFileTests.records(try Scratch.bytes(events.path)).count == 8)
        #expect(warnings.all.last == "\(events.path) can be written again, without 3 records that were too many to wait")
    }

    @Test("A failed sync is told once and does not stop the lines; a good one ends it")
    func failedSync() throws {
        let faults = FaultyDisk(.failsAlways([.sync], code: EIO, times: .max))
        let warnings = Warnings()
        let path = scratch.file("metrics.jsonl")
        let writer = try MetricsWriter(path: path, disk: faults.disk, notices: warnings.notices)
        for step in 1...5 as ClosedRange<UInt64> {
            try writer.write(MetricsTests.step(step))
            writer.sync()
        }
        #expect(warnings.all.count == 1 && warnings.all[0].contains("Input/output error"))
        faults.change(to: .nothing)
        try writer.write(MetricsTests.step(6))
        writer.sync()
        #expect(warnings.all.count == 2)
        try writer.close()
        #expect(try MetricsReader(path: path).steps.count == 6)
    }

    @Test("Lines that still wait when the file is closed are told to be lost")
    func lost() throws {
        let faults = FaultyDisk(.failsAlways([.write], code: ENOSPC, times: .max))
        let warnings = Warnings()
        let path = scratch.file("steps.log")
        let log = try StepsLog(path: path, disk: faults.disk, notices: warnings.notices)
        for step in 1...3 as ClosedRange<UInt64> { try log.append(StepRecord(step: step, view: 1, chain: 0)) }
        #expect(throws: DiskError.self) { try log.close() }
        #expect(
            warnings.all.last?.hasPrefix(
                "the last records (3) did not reach \(path): cannot write \(path): No space left on device")
                == true)
    }

    @Test("Rewriting the metrics for a resumed run leaves the old ones where any operation fails")
    func rewind() throws {
        let path = scratch.file("metrics.jsonl")
        let writer = try MetricsWriter(path: path)
        for step in 1...5 as ClosedRange<UInt64> { try writer.write(MetricsTests.step(step)) }
        try writer.close()
        let before = try Scratch.bytes(path)
        for operation in 1...6 {
            let faults = FaultyDisk(.fails(operation: operation, code: ENOSPC, written: 0.5))
            let error = #expect(throws: DiskError.self) {
                try MetricsWriter(path: path, resumingAt: 3, epochsDone: 0, disk: faults.disk)
            }
            #expect(error.map { $0.path == path || $0.path == scratch.path } == true)
            let left = try MetricsReader(path: path).steps.count
            #expect(left == (operation == 6 ? 3 : 5), "operation \(operation)")
            #expect(try Scratch.names(scratch.path) == ["metrics.jsonl"])
            try Data(before).write(to: URL(fileURLWithPath: path))
        }
    }
}
