import Foundation
import Processes
import TestSupport
import Testing

@Suite struct ChildProcessTests {
    @Test("descriptors come to their numbers in the child, also where one's number there is another's here")
    func crossed() throws {
        let scratch = Scratch()
        let paths = ["first", "second"].map { scratch.path + "/" + $0 }
        let files = paths.map { open($0, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }
        defer { for file in files { close(file) } }
        // The shell has one digit for a descriptor's number: the files' own are reached through /dev/fd.
        let script = "echo to the first > /dev/fd/\(files[0]); echo to the second > /dev/fd/\(files[1])"
        let child = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", script], environment: [:],
            descriptors: [(files[0], files[1]), (files[1], files[0])])
        #expect(child.waitForEnd() == .exited(0))
        #expect(try paths.map { try String(contentsOfFile: $0, encoding: .utf8) } == ["to the second\n", "to the first\n"])
    }

    @Test(
        "no child inherits that a signal is held or ignored; only one that is to take its stop signals is born with them held",
        arguments: [false, true])
    func signals(holds: Bool) throws {
        let scratch = Scratch()
        let file = open(scratch.path + "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let child = try ChildProcess(
            executable: "/bin/grep", arguments: ["-E", "^(SigBlk|SigIgn)", "/proc/self/status"], environment: [:],
            descriptors: [(file, 1)], holdsStopSignals: holds)
        #expect(child.waitForEnd() == .exited(0))
        let lines = try String(contentsOfFile: scratch.path + "/file", encoding: .utf8).split(separator: "\n")
        let masks = lines.compactMap { $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } }
        let stops = [SIGINT, SIGTERM, SIGHUP].reduce(0 as UInt64) { $0 | 1 << UInt64($1 - 1) }
        #expect(masks.count == 2 && masks[0] == (holds ? stops : 0) && masks[1] & stops == 0, "\(lines)")
    }

    @Test("a descriptor may keep its number")
    func same() throws {
        let scratch = Scratch()
        let file = open(scratch.path + "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let child = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "echo here > /dev/fd/\(file)"], environment: [:], descriptors: [(file, file)])
        #expect(child.waitForEnd() == .exited(0))
        #expect(try String(contentsOfFile: scratch.path + "/file", encoding: .utf8) == "here\n")
    }
}
