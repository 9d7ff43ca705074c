import Foundation
import Runs
import TestSupport
import Testing

/// Damaged checkpoints, and a disk that takes no more, met by the real command.
@Suite(.serialized)
struct DiskTests {
    /// Eight checkpoints of a run of 24 steps.
    private static let often = ["--set", "checkpoint.every_steps=3", "--set", "checkpoint.keep=50"]

    private func trained(_ scratch: Scratch) throws -> (folder: RunFolder, digest: String) {
        let result = try LockstepProcess.run(["train"] + LockstepProcess.small + Self.often + ["--run", scratch.file("run")])
        try #require(result.status == 0, "\(result.errors)")
        let folder = try RunFolder.open(scratch.file("run"))
        #expect(try folder.checkpoints().steps() == [3, 6, 9, 12, 15, 18, 21, 24])
        return (folder, try LockstepProcess.run(["digest", folder.path]).output)
    }

    private func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test("digest, inspect and resume pass over each damaged checkpoint, name it once with a reason, and come to the same weights")
    func damaged() throws {
        let scratch = Scratch()
        let (folder, digest) = try trained(scratch)
        let whole = try LockstepProcess.run(["digest", folder.path, "--step", "12"]).output
        let paths = [15, 18, 21, 24].map { "\(folder.checkpointsPath)/step-000000\($0)" }
        let state = Array(try Data(contentsOf: URL(fileURLWithPath: paths[0] + "/state.safetensors")))
        try write(state[..<5], to: paths[0] + "/state.safetensors")
        var flipped = state
        flipped[state.count / 2] ^= 4
        try write(flipped, to: paths[1] + "/state.safetensors")
        try write(Array("{\"format\":1".utf8), to: paths[2] + "/manifest.json")
        try FileManager.default.removeItem(atPath: paths[3] + "/manifest.json")
        let reasons = [
            "\(paths[0]): state.safetensors is cut short: it has 5 of \(state.count) bytes",
            "\(paths[1]): state.safetensors is damaged: its SHA-256 is not the one in its manifest",
            "\(paths[2]): its manifest is cut short or damaged: it is not JSON",
            "\(paths[3]): it has no manifest.json: it was never finished, or is being removed",
        ]

        let digested = try LockstepProcess.run(["digest", folder.path])
        #expect(digested.status == 0 && digested.output == whole)
        for reason in reasons {
            #expect(digested.errors.components(separatedBy: "passed over a checkpoint: " + reason).count == 2, "\(digested.errors)")
        }
        #expect(digested.errors.contains("the newest whole one is that of step 12"))

        for (path, status) in zip(paths, [1, 1, 1, 1] as [Int32]) {
            let inspected = try LockstepProcess.run(["inspect", path])
            #expect(inspected.status == status && inspected.errors.contains("cannot be used"), "\(inspected.errors)")
        }
        // The readable part is still shown.
        #expect(try LockstepProcess.run(["inspect", paths[1]]).output.contains("encoder.0.weight"))
        #expect(try LockstepProcess.run(["inspect", "\(folder.checkpointsPath)/step-00000012"]).status == 0)
        let asked = try LockstepProcess.run(["digest", folder.path, "--step", "18"])
        #expect(asked.status == 1 && asked.errors.contains("take another step of the same run"), "\(asked.errors)")

        let resumed = try LockstepProcess.run(["resume", folder.path, "--workers", "3"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        for reason in reasons {
            #expect(resumed.errors.components(separatedBy: "passed over a checkpoint: " + reason).count == 2, "\(resumed.errors)")
        }
        #expect(try LockstepProcess.run(["digest", folder.path]).output == digest)
        #expect(try folder.checkpoints().newestWhole().leftOut.isEmpty)
        #expect(try MetricsReader(path: folder.metricsPath).steps.map(\.step) == Array(1...24))
    }

    @Test("where no checkpoint is whole, every command says so, and none of them begins anew on its own")
    func noneWhole() throws {
        let scratch = Scratch()
        let (folder, _) = try trained(scratch)
        for step in try folder.checkpoints().steps() {
            let path = try folder.checkpoints().at(step: step).path
            truncate(path + "/state.safetensors", off_t(step))
        }
        for command in [["digest"], ["inspect"], ["resume"], ["sample", "--out", scratch.file("x.png")]] {
            let result = try LockstepProcess.run([command[0], folder.path] + command.dropFirst())
            #expect(result.status == 1, "\(command)")
            #expect(result.errors.contains("is whole") && result.errors.contains("from a copy"), "\(result.errors)")
            #expect(result.output.isEmpty)
        }
        #expect(try folder.checkpoints().steps().count == 8)
    }

    @Test("a resume into a limit on file sizes ends with 1 and a sentence, and without it comes to the same weights")
    func fileSizeLimit() throws {
        let scratch = Scratch()
        let (folder, digest) = try trained(scratch)
        for step in try folder.checkpoints().steps() where step > 6 {
            try FileManager.default.removeItem(atPath: folder.checkpoints().at(step: step).path)
        }
        let limited = Process()
        limited.executableURL = URL(fileURLWithPath: "/bin/bash")
        limited.arguments =
            ["-c", "ulimit -f 300; exec \"$0\" resume \"$1\" 2> \"$2\" > /dev/null", LockstepProcess.path, folder.path]
            + [scratch.file("errors")]
        try limited.run()
        limited.waitUntilExit()
        let errors = try String(contentsOfFile: scratch.file("errors"), encoding: .utf8)
        #expect(limited.terminationReason == .exit && limited.terminationStatus == 1, "\(errors)")
        #expect(
            errors.contains("File too large") && errors.contains("ulimit -f") && errors.contains("lockstep resume"), "\(errors)")
        #expect(try folder.checkpoints().steps() == [3, 6])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.checkpointsPath)
        #expect(left.sorted() == ["step-00000003", "step-00000006"])
        let resumed = try LockstepProcess.run(["resume", folder.path])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try LockstepProcess.run(["digest", folder.path]).output == digest)
    }

    @Test("a result that standard output does not take is a failure; a standard error that takes nothing is none")
    func fullOutput() throws {
        let scratch = Scratch()
        let (folder, _) = try trained(scratch)
        func shell(_ script: String) throws -> (status: Int32, errors: String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", script, LockstepProcess.path, folder.path, scratch.file("errors")]
            try process.run()
            process.waitUntilExit()
            return (process.terminationStatus, (try? String(contentsOfFile: scratch.file("errors"), encoding: .utf8)) ?? "")
        }
        let result = try shell("\"$0\" digest \"$1\" > /dev/full 2> \"$2\"")
        #expect(result.status == 1)
        #expect(result.errors == "lockstep: cannot write the result to standard output: No space left on device\n")
        #expect(try shell("\"$0\" digest \"$1\" 2> /dev/full").status == 0)
        #expect(try shell("\"$0\" digest nothing 2> /dev/full").status == 1)
        #expect(try shell("\"$0\" digest nothing 2>&-").status == 1)
        // Results that took long to compute are on the disk before they are printed.
        #expect(try shell("\"$0\" evaluate \"$1\" --only reconstruction > /dev/full 2> \"$2\"").status == 1)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/evaluation.json"))
    }

    @Test("a device named as the place of a result stays a device", .enabled(if: getuid() == 0, "only root could replace one"))
    func devices() throws {
        let scratch = Scratch()
        let (folder, _) = try trained(scratch)
        for (command, device) in [
            (["encode", folder.path, "--split", "test"], scratch.file("device.npy")),
            (["replay", folder.path, "--step", "2"], scratch.file("device.safetensors")),
        ] {
            try #require(mknod(device, S_IFCHR | 0o666, makedev(1, 3)) == 0)
            let result = try LockstepProcess.run(command + ["--out", device])
            #expect(result.status == 1 && result.errors.contains("device or a pipe"), "\(result.errors)")
            var status = stat()
            #expect(stat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        }
    }

    /// makedev(3), which is a macro in C.
    private func makedev(_ major: UInt, _ minor: UInt) -> dev_t { major << 8 | minor }

    @Test(
        "a disk that is full ends the run with a sentence, the older checkpoints kept, and with room it comes to the same weights")
    func fullDisk() throws {
        let scratch = Scratch()
        let (_, digest) = try trained(scratch)
        let disk = scratch.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        guard shell(["mount", "-t", "tmpfs", "-o", "size=3m", "lockstep-test", disk]) else { return }  // needs rights to mount
        defer { _ = shell(["umount", "-l", disk]) }
        let result = try LockstepProcess.run(["train"] + LockstepProcess.small + Self.often + ["--run", disk + "/run"])
        #expect(result.status == 1)
        for part in [
            "No space left on device (", "of 3.1 MB are free)", "2 more tries failed", "make room there", "lockstep resume",
        ] {
            #expect(result.errors.contains(part), "\(result.errors)")
        }
        #expect(result.errors.contains("the disk is nearly full"), "\(result.errors)")
        let folder = try RunFolder.open(disk + "/run")
        let steps = try folder.checkpoints().steps()
        #expect(steps == [3, 6, 9])
        for step in steps { #expect(throws: Never.self) { try folder.checkpoints().at(step: step) } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.checkpointsPath).count == 3)
        #expect(shell(["mount", "-o", "remount,size=60m", disk]))
        let resumed = try LockstepProcess.run(["resume", disk + "/run"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try LockstepProcess.run(["digest", disk + "/run"]).output == digest)
        #expect(try MetricsReader(path: folder.metricsPath).steps.map(\.step) == Array(1...24))
    }

    private func shell(_ words: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
