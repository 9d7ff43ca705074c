import Foundation
import Kernels
import Runs
import Synchronization
import TestSupport
import Testing

/// What a loader does with damaged checkpoints: it takes the newest whole one and says which ones it skipped.
@Suite struct DamagedCheckpointTests {
    let scratch = Scratch()
    var directory: String { scratch.file("checkpoints") }
    var store: CheckpointStore { CheckpointStore(directory: directory, pause: .zero) }

    func save(_ step: UInt64) throws -> Checkpoint {
        try store.write(CheckpointTests.info(step), produce: CheckpointTests.produce)
    }

    func put(_ bytes: some Sequence<UInt8>, at path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    @Test("The newest whole one is taken, and each one passed over is told once with its reason")
    func leftOut() throws {
        let whole = try save(10)
        let broken = try (2...9).map { try save(UInt64($0 * 10)) }
        let state = try Scratch.bytes(broken[0].statePath)
        let manifest = try Scratch.text(broken[0].path + "/manifest.json")
        var flipped = state
        flipped[state.count - 1] ^= 1
        try FileManager.default.removeItem(atPath: broken[0].statePath)
        try put(Array("{}".utf8), at: broken[1].path + "/manifest.json")
        try put(state.dropLast(), at: broken[2].statePath)
        try put(flipped, at: broken[3].statePath)
        try FileManager.default.removeItem(atPath: broken[4].path + "/manifest.json")
        try put(state + [0, 0], at: broken[5].statePath)
        try put(Array(manifest.utf8), at: broken[6].path + "/manifest.json")
        try FileManager.default.removeItem(atPath: broken[7].path)
        try put([1], at: broken[7].path)
        let found = try store.newestWhole()
        #expect(found.checkpoint == whole)
        #expect(
            found.leftOut.map(\.description) == [
                "\(broken[7].path): it is a file, not the folder of a checkpoint",
                "\(broken[6].path): its manifest speaks of step 20",
                "\(broken[5].path): state.safetensors has \(state.count + 2) bytes, 2 more than were written",
                "\(broken[4].path): it has no manifest.json: it was never finished, or is being removed",
                "\(broken[3].path): state.safetensors is damaged: its SHA-256 is not the one in its manifest",
                "\(broken[2].path): state.safetensors is cut short: it has \(state.count - 1) of \(state.count) bytes",
                "\(broken[1].path): its manifest names no format",
                "\(broken[0].path): it has no state.safetensors",
            ])
        #expect(
            sentence { _ = try store.at(step: 60) }
                == "\(broken[4].path) cannot be used: it has no manifest.json: it was never finished, or is being removed; "
                + "take another step of the same run.")
        #expect(CheckpointStore.damage(of: broken[2].path + "/")?.hasPrefix("state.safetensors is cut short") == true)
        #expect(CheckpointStore.damage(of: whole.path) == nil)
    }

    @Test("A link that leads nowhere is passed over in words, and nobody goes on whose checkpoint of that step would have its name")
    func danglingLink() throws {
        let run = try RunFolder.begin(Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("run"))
        let store = run.checkpoints()
        let whole = try store.write(CheckpointTests.info(10), produce: CheckpointTests.produce)
        let path = try store.write(CheckpointTests.info(20), produce: CheckpointTests.produce).path
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/at/all")
        let found = try store.newestWhole()
        #expect(found.checkpoint == whole)
        #expect(found.leftOut.map(\.description) == ["\(path): it is a symbolic link to /nowhere/at/all, where nothing is"])
        #expect(
            sentence { _ = try run.newestWhole() }
                == "\(path) is a symbolic link to /nowhere/at/all, where nothing is: mount or put back what it leads to.")
        try FileManager.default.removeItem(atPath: path)
        #expect(try run.newestWhole().checkpoint == whole)
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
            try put(changed, at: newer.statePath)
            #expect(try store.newestWhole().checkpoint == whole, "changed at \(position)")
            try put(bytes[..<position], at: newer.statePath)
            let found = try store.newestWhole()
            #expect(found.checkpoint == whole, "cut at \(position)")
            #expect(
                found.leftOut.map(\.reason) == ["state.safetensors is cut short: it has \(position) of \(bytes.count) bytes"])
        }
    }

    @Test("A state file that was cut or has a changed bit at any random place is left out")
    func randomPlaces() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix(seed: seed)
        let whole = try save(1)
        let newer = try save(2)
        let bytes = try Scratch.bytes(newer.statePath)
        for _ in 0..<300 {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            var changed = bytes
            changed[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try put(Bool.random(using: &random) ? changed : Array(bytes[..<position]), at: newer.statePath)
            #expect(try store.newestWhole().checkpoint == whole, "at \(position), seed \(seed)")
        }
        try put(bytes, at: newer.statePath)
        #expect(try store.newestWhole().checkpoint == newer)
    }

    @Test("A reader of the file alone names what is wrong with a header cut at any byte, and never reads past the end")
    func cutHeaders() throws {
        let newer = try save(2)
        let bytes = try Scratch.bytes(newer.statePath)
        for length in 0..<bytes.count {
            let error = #expect(throws: SafetensorsError.self) {
                try SafetensorsReader(bytes: Array(bytes[..<length]), name: "cut")
            }
            #expect(error?.description.hasPrefix("cut") == true)
        }
    }

    @Test("A manifest cut anywhere, or of another format, is left out")
    func cutManifest() throws {
        let whole = try save(1)
        let path = try save(2).path + "/manifest.json"
        let bytes = try Scratch.bytes(path)
        for length in 0..<bytes.count - 1 {
            try put(bytes[..<length], at: path)
            let found = try store.newestWhole()
            #expect(found.checkpoint == whole, "cut at \(length)")
            #expect(found.leftOut.map(\.reason) == ["its manifest is cut short or damaged: it is not JSON"])
        }
        try put(
            String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\"format\":1", with: "\"format\":2").utf8, at: path)
        #expect(
            try store.newestWhole().leftOut.map(\.reason) == ["its manifest has format 2, and this version reads format 1"])
        try put([UInt8](repeating: 32, count: 70_000), at: path)
        #expect(try store.newestWhole().leftOut.map(\.reason) == ["its manifest is longer than 65536 bytes"])
    }

    @Test("A manifest in which any bit has changed is never believed to say something else")
    func changedManifest() throws {
        let whole = try save(1)
        let newer = try save(2)
        let path = newer.path + "/manifest.json"
        let bytes = try Scratch.bytes(path)
        var passedOver = 0
        for position in bytes.indices {
            for bit in 0..<8 as Range<UInt8> {
                var changed = bytes
                changed[position] ^= 1 << bit
                try put(changed, at: path)
                let found = try store.newestWhole()
                #expect(found.checkpoint == whole || found.checkpoint == newer, "bit \(bit) of byte \(position)")
                #expect(found.leftOut.count == (found.checkpoint == whole ? 1 : 0))
                passedOver += found.leftOut.count
            }
        }
        // All bits but the few that do no harm: in the checksum's name, or from one kind of white space to another.
        #expect(passedOver > bytes.count * 7)
    }

    @Test("A manifest without a checksum, as 0.1.0 wrote them, is read")
    func earlierManifest() throws {
        let whole = try save(1)
        let path = whole.path + "/manifest.json"
        let text = try Scratch.text(path)
        let seal = try #require(text.range(of: #","crc32c":"[0-9a-f]{8}""#, options: .regularExpression))
        try put(text.replacingCharacters(in: seal, with: "").utf8, at: path)
        #expect(try store.newestWhole().checkpoint == whole)
    }

    @Test("Folders, pipes and loose links where files are due are passed over, and nothing waits for a pipe's other end")
    func wrongKinds() throws {
        let whole = try save(1)
        for name in ["state.safetensors", "manifest.json"] {
            let newer = try save(2)
            let path = newer.path + "/" + name
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(try store.newestWhole().leftOut.map(\.reason) == ["\(name) cannot be read: Is a directory"])
            try FileManager.default.removeItem(atPath: path)
            #expect(mkfifo(path, 0o644) == 0)
            #expect(
                try store.newestWhole().leftOut.map(\.reason) == [
                    "\(name) cannot be read: it is a device or a pipe, where a file is due"
                ])
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
            let found = try store.newestWhole()
            #expect(found.checkpoint == whole)
            #expect(found.leftOut.count == 1 && found.leftOut[0].reason.hasPrefix("it has no \(name)"))
            try FileManager.default.removeItem(atPath: newer.path)
        }
        try FileManager.default.createDirectory(atPath: directory + "/step-00000009", withIntermediateDirectories: false)
        try FileManager.default.createDirectory(atPath: directory + "/step-9", withIntermediateDirectories: false)
        let found = try store.newestWhole()
        #expect(found.checkpoint == whole)
        #expect(found.leftOut.map(\.reason) == ["it has no manifest.json: it was never finished, or is being removed"])
    }

    @Test("What may not be read is passed over with the system's reason", .enabled(if: getuid() != 0, "root may read everything"))
    func permissions() throws {
        let whole = try save(1)
        let newer = try save(2)
        chmod(newer.statePath, 0)
        #expect(try store.newestWhole().checkpoint == whole)
        #expect(try store.newestWhole().leftOut.map(\.reason) == ["state.safetensors cannot be read: Permission denied"])
    }

    @Test("The newest whole one before a step")
    func beforeAStep() throws {
        let checkpoints = try [10, 20, 30].map { try save($0) }
        #expect(try store.newestWhole(before: 30).checkpoint == checkpoints[1])
        #expect(try store.newestWhole(before: 10).checkpoint == nil)
        truncate(checkpoints[1].statePath, 3)
        let found = try store.newestWhole(before: 30)
        #expect(found.checkpoint == checkpoints[0])
        #expect(found.leftOut.map(\.path) == [checkpoints[1].path])
    }

    @Test("Who reads while a run writes and thins out always finds one, and never takes one that goes for a damaged one")
    func readWhileWriting() throws {
        _ = try save(1)
        let isDone = Atomic<Bool>(false)
        let looks = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 3) { role in
            do {
                if role == 0 {
                    defer { isDone.store(true, ordering: .releasing) }
                    // In whatever order the threads run: until the other thread has looked.
                    var step: UInt64 = 2
                    while step <= 150 || (looks.load(ordering: .relaxed) == 0 && step < 5_000) {
                        _ = try save(step)
                        _ = try store.retain(CheckpointSettings(keep: 1))
                        step += 1
                    }
                } else {
                    while !isDone.load(ordering: .acquiring) {
                        let found = try store.newestWhole()
                        #expect(found.checkpoint != nil && found.leftOut.isEmpty, "\(found.leftOut)")
                        looks.add(1, ordering: .relaxed)
                    }
                }
            } catch {
                Issue.record(error)
            }
        }
        #expect(looks.load(ordering: .relaxed) > 0)
    }

    @Test("A place for checkpoints that is a file is an error with a reason")
    func directoryIsAFile() throws {
        try put([1], at: directory)
        #expect(sentence { _ = try store.newestWhole() } == "Cannot list \(directory): Not a directory; check the path.")
        #expect(sentence { _ = try save(1) } == "Cannot create the folder \(directory): File exists.")
    }
}
