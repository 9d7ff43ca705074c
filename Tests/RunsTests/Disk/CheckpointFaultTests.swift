import Files
import Foundation
import Kernels
import Runs
import Synchronization
import TestSupport
import Testing

/// A checkpoint on a disk that refuses, and in a process that dies.
@Suite struct CheckpointFaultTests {
    let scratch = Scratch()
    var directory: String { scratch.file("checkpoints") }
    var calm: CheckpointStore { CheckpointStore(directory: directory) }

    static let codes = [ENOSPC, EDQUOT, EROFS, EIO, EACCES]
    /// The operations that a checkpoint needs; a leftover that cannot be removed does no harm.
    static let needed: [Disk.Operation] = [.create, .write, .sync, .close, .rename, .syncDirectory, .makeDirectory]

    func store(_ faults: FaultyDisk) -> CheckpointStore {
        CheckpointStore(directory: directory, disk: faults.disk, pause: .zero)
    }

    /// Another checkpoint of the same step has other bytes.
    static func produce(_ writer: CheckpointWriter, mark: String) throws {
        for piece in try SafetensorsStream(SafetensorsTests.tensors, metadata: ["mark": mark], chunkBytes: 16) {
            try writer.write(piece)
        }
    }

    func mark(_ checkpoint: Checkpoint?) throws -> String? { try checkpoint?.open().metadata["mark"] }

    @Test("A disk error is tried again, and a checkpoint that succeeds at last is whole", arguments: needed, [1, 2])
    func again(operation: Disk.Operation, times: Int) throws {
        let faults = FaultyDisk(.failsAlways([operation], code: ENOSPC, times: times))
        let written = try store(faults).write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        #expect(faults.failed == times)
        #expect(try calm.newestWhole().checkpoint == written)
        #expect(try Scratch.names(directory) == ["step-00000001"])
    }

    @Test("A disk error that stays is thrown after three attempts, and the older checkpoint is kept", arguments: needed, codes)
    func giveUp(operation: Disk.Operation, code: Int32) throws {
        let older = try calm.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let faults = FaultyDisk(.failsAlways([operation], code: code, times: .max))
        let begun = Mutex(0)
        let error = #expect(throws: DiskError.self) {
            try store(faults).write(CheckpointTests.info(2)) { writer in
                begun.withLock { $0 += 1 }
                try CheckpointTests.produce(writer)
            }
        }
        #expect(error?.code == code)
        #expect(faults.failed >= CheckpointStore.maximumAttempts)
        #expect(begun.withLock { $0 } == ([.create, .makeDirectory].contains(operation) ? 0 : CheckpointStore.maximumAttempts))
        let found = try calm.newestWhole()
        #expect(found.checkpoint == older || found.checkpoint?.info.step == 2)
        #expect(found.leftOut.isEmpty)
        #expect(try Scratch.names(directory).allSatisfy { $0.hasPrefix("step-") })
    }

    @Test("A leftover that cannot be removed stands in nobody's way, and the next run sweeps it")
    func stubbornLeftover() throws {
        let faults = FaultyDisk(.dies(after: 5))
        #expect(throws: DiskError.self) { try store(faults).write(CheckpointTests.info(1), produce: CheckpointTests.produce) }
        #expect(try Scratch.names(directory) == [".partial-step-00000001"])
        let stubborn = FaultyDisk(.failsAlways([.remove], code: EACCES, times: .max))
        let written = try store(stubborn).write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        #expect(stubborn.failed > 0)
        #expect(try calm.newestWhole().checkpoint == written)
        #expect(try Scratch.names(directory) == ["step-00000001"])
    }

    /// What a coordinator does for a checkpoint, with one of an older step there, or one of the same.
    enum Scene: String, CaseIterable {
        case newStep, sameStep
    }

    private func prepare(_ scene: Scene) throws {
        _ = try calm.write(CheckpointTests.info(scene == .newStep ? 1 : 2)) { try Self.produce($0, mark: "old") }
    }

    private func run(_ store: CheckpointStore) throws {
        _ = try store.write(CheckpointTests.info(2)) { try Self.produce($0, mark: "new") }
        _ = try store.retain(CheckpointSettings(keep: 1))
    }

    /// How many operations a checkpoint and the removals after it take.
    private func operations(_ scene: Scene) throws -> Int {
        try prepare(scene)
        let faults = FaultyDisk(.nothing)
        try run(store(faults))
        try FileManager.default.removeItem(atPath: directory)
        return faults.count
    }

    @Test("Whichever single operation fails, and however: the checkpoint is written all the same", arguments: Scene.allCases, codes)
    func anyOneFails(scene: Scene, code: Int32) throws {
        let total = try operations(scene)
        #expect(total > 15)
        for operation in 1...total {
            for share in [0, 0.5] {
                try prepare(scene)
                let faults = FaultyDisk(.fails(operation: operation, code: code, written: share))
                let store = store(faults)
                _ = try store.write(CheckpointTests.info(2)) { try Self.produce($0, mark: "new") }
                // Thinning out is not tried again: there is a next time.
                _ = try? store.retain(CheckpointSettings(keep: 1))
                let found = try calm.newestWhole()
                #expect(try mark(found.checkpoint) == "new", "operation \(operation)")
                #expect(found.leftOut.isEmpty, "operation \(operation)")
                _ = try calm.sweep()
                _ = try calm.retain(CheckpointSettings(keep: 1))
                #expect(try Scratch.names(directory) == ["step-00000002"], "operation \(operation)")
                try FileManager.default.removeItem(atPath: directory)
            }
        }
    }

    @Test("A process that dies after any operation leaves the old checkpoint or the new one, whole, and what it left is swept")
    func diesAnywhere() throws {
        try everyDeath { _, _ in }
    }

    @Test("Power that goes after any operation leaves the old checkpoint or the new one, whole, and what it left is swept")
    func powerCutAnywhere() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        for round in 0..<4 as Range<UInt64> {
            try everyDeath { faults, operation in
                try faults.cutPower(undoingRenames: round % 2 == 1, seed: seed &+ round &* 1_000 &+ UInt64(operation))
            }
        }
    }

    private func everyDeath(_ cut: (FaultyDisk, Int) throws -> Void) throws {
        for scene in Scene.allCases {
            let total = try operations(scene)
            var seen: Set<String> = []
            for operation in 0...total {
                try prepare(scene)
                let faults = FaultyDisk(.dies(after: operation))
                try? run(store(faults))
                try cut(faults, operation)
                let here: Comment = "\(scene), after operation \(operation)"
                let found = try calm.newestWhole()
                let mark = try #require(try mark(found.checkpoint), here)
                #expect(found.leftOut.isEmpty, here)
                seen.insert(mark)
                _ = try calm.sweep()
                #expect(try self.mark(calm.newestWhole().checkpoint) == mark, here)
                #expect(try Scratch.names(directory).allSatisfy { $0.hasPrefix("step-") }, here)
                try run(calm)
                #expect(try self.mark(calm.newestWhole().checkpoint) == "new", here)
                #expect(try Scratch.names(directory) == ["step-00000002"], here)
                try FileManager.default.removeItem(atPath: directory)
            }
            #expect(seen == ["old", "new"])
        }
    }

    @Test("Space that runs out after any number of bytes leaves the older checkpoint and nothing else")
    func spaceRunsOut() throws {
        let older = try calm.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        for limit in stride(from: 0, to: older.bytes + 100, by: 7) {
            let used = Mutex(0)
            let disk = Disk { request in
                guard request.operation == .write else { return nil }
                return used.withLock { used in
                    let fits = min(request.bytes, limit - used)
                    used += fits
                    return fits < request.bytes ? Disk.Failure(ENOSPC, written: fits) : nil
                }
            }
            let store = CheckpointStore(directory: directory, disk: disk, pause: .zero)
            #expect(throws: DiskError.self) { try store.write(CheckpointTests.info(2), produce: CheckpointTests.produce) }
            #expect(try calm.newestWhole().checkpoint == older)
            #expect(try Scratch.names(directory) == ["step-00000001"])
        }
    }

    @Test("A replacement that fails leaves the checkpoint it was to replace, to be read at once and named again by a sweep")
    func failedReplacement() throws {
        let older = try calm.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let place = "/step-00000001"
        let disk = Disk { $0.operation == .rename && $0.path.hasSuffix(place) && !$0.path.contains(".replaced") ? .init(EIO) : nil }
        let store = CheckpointStore(directory: directory, disk: disk, pause: .zero)
        #expect(throws: DiskError.self) { try store.write(CheckpointTests.info(1), produce: CheckpointTests.produce) }
        #expect(try calm.newestWhole().checkpoint?.sha256 == older.sha256)
        #expect(try calm.at(step: 1).sha256 == older.sha256)
        #expect(try calm.retain(CheckpointSettings(keep: 1)) == [])
        #expect(try calm.sweep() == [])
        #expect(try calm.newestWhole().checkpoint == older)
    }

    @Test("Any error but the disk's ends a checkpoint at once")
    func otherErrors() {
        struct Lost: Error {}
        let calls = Mutex(0)
        #expect(throws: Lost.self) {
            try store(FaultyDisk(.nothing)).write(CheckpointTests.info(1)) { _ in
                calls.withLock { $0 += 1 }
                throw Lost()
            }
        }
        #expect(calls.withLock { $0 } == 1)
    }

    @Test(
        "On a real device that is full the older checkpoint stays, and the error says so and how much is free",
        .enabled(if: SmallDevice.shared != nil))
    func fullDevice() throws {
        let device = try #require(SmallDevice.shared)
        let store = CheckpointStore(directory: device.path + "/checkpoints", pause: .zero)
        let older = try store.write(CheckpointTests.info(1), produce: CheckpointTests.produce)
        let large = Tensor(
            name: "w", shape: [SmallDevice.bytes], values: TensorValues([UInt8](repeating: 1, count: SmallDevice.bytes)))
        let text = sentence {
            _ = try store.write(CheckpointTests.info(2)) { writer in
                for piece in try SafetensorsStream([large], metadata: [:], chunkBytes: 4_096) { try writer.write(piece) }
            }
        }
        #expect(
            text == "Cannot write \(store.directory)/.partial-step-00000002/state.safetensors: No space left on device "
                + "(0 B of 262.1 kB are free); make room there, or use a folder on another file system.")
        #expect(try store.newestWhole().checkpoint == older)
        #expect(try Scratch.names(store.directory) == ["step-00000001"])
    }
}
