import Autoencoder
import Foundation
import Kernels
import Processes
import Runs
import Synchronization
import TestSupport
import Testing

/// What is reported of a child in addition to its exit status.
@Suite struct ChildWordsTests {
    @Test("a child's last line is its own, and its sentence goes before what the runtime writes behind it")
    func lastLine() throws {
        let scratch = Scratch()
        let path = scratch.path + "/worker-0.log"
        func log(_ text: String) throws -> ChildLog {
            let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            defer { close(file) }
            let log = ChildLog(path: path, descriptor: file)
            #expect(text.withCString { write(file, $0, strlen($0)) } == text.utf8.count)
            return log
        }
        #expect(try log("12:00:00 info one\n12:00:01 info two\n\n").lastLine == "12:00:01 info two")
        #expect(try log("").lastLine == nil, "the words before are another's")
        #expect(try log("lockstep: no memory\nregisters: rax 0\nimages: 7\n").lastLine == "lockstep: no memory")
        let crash = "Kernels/Storage.swift:19: Fatal error: no\n" + String(repeating: "frame of a backtrace\n", count: 500)
        #expect(try log(crash).lastLine == "Kernels/Storage.swift:19: Fatal error: no")
        let long = try #require(try log(String(repeating: "x", count: 5000)).lastLine)
        #expect(long.count < 1100)
        try FileManager.default.removeItem(atPath: path)
        #expect(ChildLog(path: path, descriptor: -1).lastLine == nil)
    }

    @Test("a child that the kernel has killed for want of memory is told from one that somebody has killed")
    func killed() {
        let count = Kills()
        var watch = KillWatch(memory: 512_000_000) { count.value }
        #expect(watch.words(on: .killed(signal: SIGKILL)) == "killed by SIGKILL")
        count.value = 5
        #expect(watch.words(on: .killed(signal: SIGTERM)) == "killed by SIGTERM")
        let words = watch.words(on: .killed(signal: SIGKILL))
        #expect(words.hasPrefix("killed by SIGKILL") && words.contains("want of memory") && words.contains("512 MB"), "\(words)")
        #expect(watch.words(on: .killed(signal: SIGKILL)) == "killed by SIGKILL", "each is counted once")
        count.value = nil
        #expect(watch.words(on: .killed(signal: SIGKILL)) == "killed by SIGKILL")
    }

    @Test("where the control group leaves less than the workers may take, that is said before the kernel ends one of them")
    func memoryNote() {
        let training = Configuration().training(pixels: 784, trainingImages: 50_000)
        func note(_ limits: MachineLimits) -> String? { MemoryNote.sentence(training, workers: 2, threads: 1, limits: limits) }
        #expect(note(MachineLimits(affinity: 2)) == nil)
        #expect(note(MachineLimits(affinity: 2, memory: 8_000_000_000, memoryLeft: 7_000_000_000)) == nil)
        let low = note(MachineLimits(affinity: 2, memory: 512_000_000, memoryLeft: 400_000_000))
        #expect(low?.contains("may have 512 MB, of which 400 MB are left, and 2 workers may take") == true, "\(low ?? "")")
        let small = note(MachineLimits(affinity: 2, machineLeft: 300_000_000))
        #expect(small?.contains("this machine has 300 MB of memory available, and 2 workers may take") == true, "\(small ?? "")")
        #expect(note(MachineLimits(affinity: 2, machineLeft: 7_000_000_000)) == nil)
    }

    @Test("where a limit leaves fewer threads than a run's processes begin with, that is said before anything is made")
    func threads() throws {
        func limits(_ left: UInt64) -> [ThreadRoom] {
            [ThreadRoom(name: "pids.max", option: "docker --pids-limit", limit: left + 5, taken: 5)]
        }
        // As many as the processes of a short run had: the coordinator and two workers, their threads, and two of whoever starts them.
        #expect(throws: ThreadShortage.self) {
            try RunThreads.requireForRun(workers: 2, threads: 1, hasServer: false, limits: limits(26))
        }
        try RunThreads.requireForRun(workers: 2, threads: 1, hasServer: false, limits: limits(40))
        #expect(throws: ThreadShortage.self) {
            try RunThreads.requireForRun(workers: 2, threads: 8, hasServer: false, limits: limits(40))
        }
        #expect(throws: ThreadShortage.self) { try RunThreads.requireForWorker(threads: 4, limits: limits(10)) }
        try RunThreads.requireForCoordinator(workers: 40, hasServer: false, limits: limits(40))
        #expect {
            try RunThreads.requireForCoordinator(workers: 40, hasServer: true, limits: limits(40))
        } throws: { "\($0)".contains("pids.max, a limit on threads, is 45 (docker --pids-limit), and 5 of them are taken") }
        try RunThreads.requireForRun(workers: 1024, threads: 64, hasServer: true, limits: [])
    }

    private final class Kills: Sendable {
        private let count = Mutex<UInt64?>(2)
        var value: UInt64? {
            get { count.withLock { $0 } }
            set { count.withLock { $0 = newValue } }
        }
    }
}
