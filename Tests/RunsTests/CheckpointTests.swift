import Foundation
import Runs
import TestSupport
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
        #expect(sentence { _ = try store.at(step: 3) }.hasSuffix("; it holds that of step 5."))
        try save(123_456_789)
        #expect(try store.at(step: 123_456_789).info.step == 123_456_789)
        #expect(
            sentence { _ = try store.at(step: 3) }
                == "There is no checkpoint of step 3 in \(directory); it holds those of steps 5, 123456789.")
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
        #expect(try store.newestWhole().checkpoint?.sha256 == whole.sha256)
        #expect(try store.at(step: 1).sha256 == whole.sha256)
        #expect(try store.steps() == [1])
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
