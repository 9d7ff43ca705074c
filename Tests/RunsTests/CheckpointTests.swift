import Foundation
import Runs
import Synchronization
import Testing

@Suite struct CheckpointTests {
    let scratch = Scratch()
    var directory: String { scratch.file("checkpoints") }
    var store: CheckpointStore { CheckpointStore(directory: directory, pause: .zero) }

    static func info(_ step: UInt64, epoch: Int = 1, endsEpoch: Bool = false) -> CheckpointInfo {
        CheckpointInfo(step: step, epoch: epoch, endsEpoch: endsEpoch, identity: String(repeating: "0", count: 64))
    }

    static func produce(_ writer: CheckpointWriter) throws {
        for piece in try SafetensorsStream(SafetensorsTests.tensors, metadata: SafetensorsTests.metadata, chunkBytes: 16) {
            try writer.write(piece)
        }
    }

    @discardableResult
    func save(_ step: UInt64, epoch: Int = 1, endsEpoch: Bool = false) throws -> Checkpoint {
        try store.write(Self.info(step, epoch: epoch, endsEpoch: endsEpoch), produce: Self.produce)
    }

    @Test("A checkpoint is a folder of its step with the state and a manifest, and reads back")
    func roundTrip() throws {
        let written = try save(12_345, epoch: 3, endsEpoch: true)
        #expect(written.path == directory + "/step-00012345")
        #expect(try Scratch.names(written.path) == ["manifest.json", "state.safetensors"])
        #expect(try Scratch.names(directory) == ["step-00012345"])
        #expect(written.bytes == (try SafetensorsTests.bytes()).count)
        let found = try store.newestWhole()
        #expect(found.checkpoint == written)
        #expect(found.leftOut.isEmpty)
        #expect(found.checkpoint?.info == Self.info(12_345, epoch: 3, endsEpoch: true))
        #expect(try found.checkpoint?.open().metadata == SafetensorsTests.metadata)
    }

    @Test("A store without a folder has no checkpoint")
    func empty() throws {
        #expect(try store.newestWhole().checkpoint == nil)
        #expect(try store.steps() == [])
        #expect(try store.sweep() == [])
        #expect(try store.retain(CheckpointSettings()) == [])
        #expect(sentence { _ = try store.at(step: 3) } == "There is no checkpoint of step 3 in \(directory); it holds none.")
    }

    @Test("A step that has no checkpoint is answered with those there are")
    func unknownStep() throws {
        try save(5)
        try save(123_456_789)
        #expect(try store.at(step: 123_456_789).info.step == 123_456_789)
        #expect(
            sentence { _ = try store.at(step: 3) }
                == "There is no checkpoint of step 3 in \(directory); it holds those of steps 5, 123456789.")
    }

    @Test("The newest whole one is taken, and what was left out is told with its reason")
    func leftOut() throws {
        let whole = try save(10)
        for step in [20, 30, 40, 50, 60] as [UInt64] { try save(step) }
        let paths = [20, 30, 40, 50, 60].map { "\(directory)/step-000000\($0)" }
        try FileManager.default.removeItem(atPath: paths[4] + "/manifest.json")
        var state = try Scratch.bytes(paths[3] + "/state.safetensors")
        state[state.count - 1] ^= 1
        try Data(state).write(to: URL(fileURLWithPath: paths[3] + "/state.safetensors"))
        try Data(state.dropLast()).write(to: URL(fileURLWithPath: paths[2] + "/state.safetensors"))
        try Data("{}".utf8).write(to: URL(fileURLWithPath: paths[1] + "/manifest.json"))
        try FileManager.default.removeItem(atPath: paths[0] + "/state.safetensors")
        let found = try store.newestWhole()
        #expect(found.checkpoint == whole)
        #expect(
            found.leftOut.map(\.description) == [
                "\(paths[4]) is left out: it has no manifest.json.",
                "\(paths[3]) is left out: the SHA-256 of state.safetensors is not the one in its manifest.",
                "\(paths[2]) is left out: state.safetensors has \(state.count - 1) bytes and its manifest says \(state.count).",
                "\(paths[1]) is left out: its manifest names no format.",
                "\(paths[0]) is left out: Cannot open \(paths[0])/state.safetensors: No such file or directory; check the path.",
            ])
        #expect(
            sentence { _ = try store.at(step: 60) }
                == "\(paths[4]) cannot be used: it has no manifest.json; take another step of the same run.")
    }

    @Test("A state file with any one byte of its header changed, or cut there, is left out and the older one is taken")
    func everyByteOfTheHeader() throws {
        let whole = try save(1)
        let newer = try save(2)
        let bytes = try Scratch.bytes(newer.statePath)
        let headerEnd = 8 + bytes[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        for position in 0..<headerEnd {
            var changed = bytes
            changed[position] ^= 0x20
            try Data(changed).write(to: URL(fileURLWithPath: newer.statePath))
            #expect(try store.newestWhole().checkpoint == whole, "changed at \(position)")
            try Data(bytes[..<position]).write(to: URL(fileURLWithPath: newer.statePath))
            #expect(try store.newestWhole().checkpoint == whole, "cut at \(position)")
        }
    }

    @Test("A manifest cut anywhere, or of another format, is left out")
    func everyByteOfTheManifest() throws {
        let whole = try save(1)
        let path = try save(2).path + "/manifest.json"
        let bytes = try Scratch.bytes(path)
        for length in 0..<bytes.count - 1 {
            try Data(bytes[..<length]).write(to: URL(fileURLWithPath: path))
            #expect(try store.newestWhole().checkpoint == whole, "cut at \(length)")
        }
        try Data(String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\"format\":1", with: "\"format\":2").utf8)
            .write(to: URL(fileURLWithPath: path))
        #expect(
            try store.newestWhole().leftOut.map(\.reason) == ["its manifest has format 2, and this version reads format 1"])
    }

    @Test("Bytes that are no safetensors file make no checkpoint")
    func wrongBytes() throws {
        #expect(throws: SafetensorsError.self) { try store.write(Self.info(1)) { try $0.write([1, 2, 3]) } }
        #expect(try Scratch.names(directory) == [])
    }

    @Test("A checkpoint of a step that has one takes its place")
    func replaced() throws {
        let first = try save(7)
        try Data([0]).write(to: URL(fileURLWithPath: first.statePath))
        let second = try save(7)
        #expect(try store.newestWhole().checkpoint == second)
        #expect(try Scratch.names(directory) == ["step-00000007"])
    }

    @Test("A writer that is dropped leaves nothing")
    func dropped() throws {
        do {
            let writer = try store.begin(Self.info(1))
            try writer.write([1, 2, 3])
            #expect(writer.bytesWritten == 3)
            #expect(try Scratch.names(directory).count == 1)
        }
        #expect(try Scratch.names(directory) == [])
    }

    @Test("What a killed writer left is swept, and an interrupted replacement gets its name back")
    func sweep() throws {
        let whole = try save(1)
        try FileManager.default.createDirectory(atPath: directory + "/.partial-step-00000002", withIntermediateDirectories: false)
        try FileManager.default.moveItem(atPath: whole.path, toPath: directory + "/.replaced-step-00000001")
        #expect(try store.newestWhole().checkpoint == nil)
        #expect(try store.sweep() == [directory + "/.partial-step-00000002"])
        #expect(try store.newestWhole().checkpoint == whole)
        #expect(try Scratch.names(directory) == ["step-00000001"])
    }

    @Test("The newest few stay, and for good those that end every so many epochs")
    func retention() throws {
        for epoch in 1...6 {
            try save(UInt64(epoch * 10 - 5), epoch: epoch)
            try save(UInt64(epoch * 10), epoch: epoch, endsEpoch: true)
        }
        let removed = try store.retain(CheckpointSettings(keep: 3, keepEveryEpochs: 2))
        #expect(try store.steps() == [20, 40, 50, 55, 60])
        #expect(removed.count == 7)
        #expect(try store.retain(CheckpointSettings(keep: 1, keepEveryEpochs: 0)).count == 4)
        #expect(try store.steps() == [60])
    }

    @Test("The newest whole one is never removed, and nothing is when none is whole")
    func retentionOfBroken() throws {
        for step in [1, 2, 3, 4] as [UInt64] { try save(step) }
        for step in [3, 4] { try FileManager.default.removeItem(atPath: "\(directory)/step-0000000\(step)/manifest.json") }
        _ = try store.retain(CheckpointSettings(keep: 1, keepEveryEpochs: 0))
        #expect(try store.steps() == [2, 3, 4])
        #expect(try store.newestWhole().checkpoint?.info.step == 2)
        try FileManager.default.removeItem(atPath: "\(directory)/step-00000002/manifest.json")
        #expect(try store.retain(CheckpointSettings(keep: 1, keepEveryEpochs: 0)) == [])
        #expect(try store.steps() == [2, 3, 4])
    }
}

@Suite struct DiskFaultTests {
    let scratch = Scratch()
    var directory: String { scratch.file("checkpoints") }

    /// Fails an operation the first `times` times.
    static func failing(_ operation: Disk.Operation, times: Int, calls: Counter) -> Disk {
        Disk { asked, _, _ in
            guard asked == operation else { return nil }
            return calls.next() <= times ? ENOSPC : nil
        }
    }

    final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func next() -> Int {
            value.withLock {
                $0 += 1
                return $0
            }
        }
    }

    @Test(
        "A disk error is tried again, and a checkpoint that succeeds at last is whole", arguments: Disk.Operation.allCases, [1, 2])
    func again(operation: Disk.Operation, times: Int) throws {
        let calls = Counter()
        let store = CheckpointStore(directory: directory, disk: Self.failing(operation, times: times, calls: calls), pause: .zero)
        let written = try store.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        #expect(try CheckpointStore(directory: directory).newestWhole().checkpoint == written)
        #expect(try Scratch.names(directory) == ["step-00000001"])
    }

    @Test(
        "A disk error that stays is thrown after three attempts, and the older checkpoint is kept",
        arguments: Disk.Operation.allCases)
    func giveUp(operation: Disk.Operation) throws {
        let older = try CheckpointStore(directory: directory).write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let calls = Counter()
        let produced = Counter()
        let store = CheckpointStore(directory: directory, disk: Self.failing(operation, times: .max, calls: calls), pause: .zero)
        let text = sentence {
            _ = try store.write(CheckpointTests.info(2)) { writer in
                _ = produced.next()
                try CheckpointTests.produce(writer)
            }
        }
        #expect(text.hasSuffix(": No space left on device; make room on that file system, or give --run a folder on another."))
        #expect(calls.count >= CheckpointStore.maximumAttempts)
        #expect(operation == .create || produced.count == CheckpointStore.maximumAttempts)
        let found = try CheckpointStore(directory: directory).newestWhole()
        #expect(found.checkpoint == older || found.checkpoint?.info.step == 2)
        #expect(try Scratch.names(directory).allSatisfy { $0.hasPrefix("step-") })
    }

    @Test("Space that runs out after any number of bytes leaves the older checkpoint and nothing else")
    func spaceRunsOut() throws {
        let older = try CheckpointStore(directory: directory).write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        for limit in stride(from: 0, to: older.bytes + 100, by: 7) {
            let used = Mutex(0)
            let disk = Disk { operation, _, bytes in
                guard operation == .write else { return nil }
                return used.withLock { used in
                    guard used + bytes <= limit else { return ENOSPC }
                    used += bytes
                    return nil
                }
            }
            let store = CheckpointStore(directory: directory, disk: disk, pause: .zero)
            #expect(throws: DiskError.self) { try store.write(CheckpointTests.info(2), produce: CheckpointTests.produce) }
            #expect(try CheckpointStore(directory: directory).newestWhole().checkpoint == older)
            #expect(try Scratch.names(directory) == ["step-00000001"])
        }
    }

    @Test("A replacement that fails leaves the checkpoint it was to replace")
    func failedReplacement() throws {
        let older = try CheckpointStore(directory: directory).write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let disk = Disk { operation, path, _ in operation == .rename && path.hasSuffix("/step-00000001") ? EIO : nil }
        let store = CheckpointStore(directory: directory, disk: disk, pause: .zero)
        #expect(throws: DiskError.self) { try store.write(CheckpointTests.info(1), produce: CheckpointTests.produce) }
        #expect(try CheckpointStore(directory: directory).newestWhole().checkpoint == nil)
        #expect(try CheckpointStore(directory: directory).sweep() == [])
        #expect(try CheckpointStore(directory: directory).newestWhole().checkpoint == older)
    }

    @Test("Any error but the disk's ends a checkpoint at once")
    func otherErrors() {
        struct Lost: Error {}
        let calls = Counter()
        let store = CheckpointStore(directory: directory, pause: .zero)
        #expect(throws: Lost.self) {
            try store.write(CheckpointTests.info(1)) { _ in
                _ = calls.next()
                throw Lost()
            }
        }
        #expect(calls.count == 1)
    }

    @Test(
        "On a real device that is full the older checkpoint stays, and the error says so", .enabled(if: SmallDevice.shared != nil))
    func fullDevice() throws {
        let device = try #require(SmallDevice.shared)
        let store = CheckpointStore(directory: device.path + "/checkpoints", pause: .zero)
        let older = try store.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let large = NamedTensor(
            name: "w", shape: [SmallDevice.bytes], values: TensorValues([UInt8](repeating: 1, count: SmallDevice.bytes)))
        let text = sentence {
            _ = try store.write(CheckpointTests.info(2)) { writer in
                for piece in try SafetensorsStream([large], metadata: [:], chunkBytes: 4_096) { try writer.write(piece) }
            }
        }
        #expect(text.hasSuffix("No space left on device; make room on that file system, or give --run a folder on another."))
        #expect(try store.newestWhole().checkpoint == older)
        #expect(try Scratch.names(store.directory) == ["step-00000001"])
    }
}

/// A file system of 256 KiB in memory, where the tests may mount one.
///
/// It is detached from its folder at once and reached through an open descriptor, so nothing of it outlives the process.
final class SmallDevice: Sendable {
    static let bytes = 256 << 10
    static let shared = SmallDevice()
    let path: String

    private init?() {
        let scratch = Scratch()
        guard getuid() == 0, mount("lockstep-test", scratch.path, "tmpfs", 0, "size=\(Self.bytes)") == 0 else { return nil }
        let descriptor = open(scratch.path, O_RDONLY | O_DIRECTORY)
        umount2(scratch.path, Int32(MNT_DETACH))
        guard descriptor >= 0 else { return nil }
        path = "/proc/self/fd/\(descriptor)"
    }
}
