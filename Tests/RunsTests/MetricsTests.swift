import Autoencoder
import Evaluation
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

@Suite struct MetricsTests {
    let scratch = Scratch()
    var path: String { scratch.file("metrics.jsonl") }

    static func step(_ step: UInt64, epoch: Int = 1) -> StepMetrics {
        StepMetrics(
            step: step, epoch: epoch, seconds: 0.1 + Double(step),
            losses: [Loss(name: "reconstruction", value: 1 / 3), Loss(name: "generator", value: 0.693)],
            pixelError: 52.123456789012345, code: CodeFigures(mean: -1e-20, std: 5), samplesPerSecond: 4_700, wireSent: 12,
            wireRaw: 25_700_000, wireEarly: 6, compute: 1.5,
            pack: 0, wait: 0.25, update: 3, images: 0.125, workers: 2, view: 7, chain: 0xFF)
    }

    static let epoch = EpochMetrics(
        epoch: 1, reconstruction: 20.5, code: CodeFigures(mean: 0, std: 4.9), holes: 0.125, holesZero: 0.5, energyDistance: 0.01,
        energyZero: 1e-3)

    @Test("A step's line is the contract's, with full precision")
    func stepLine() throws {
        #expect(
            Self.step(3).json.text
                == #"{"kind":"step","step":3,"epoch":1,"seconds":3.1,"loss":{"reconstruction":0.3333333333333333,"generator":0.693},"#
                + #""pixel_error":52.123456789012344,"code":{"mean":-1e-20,"std":5.0},"samples_per_second":4700.0,"wire":{"sent":12,"raw":25700000,"early":6},"#
                + #""milliseconds":{"compute":1.5,"pack":0.0,"wait":0.25,"update":3.0,"images":0.125},"workers":2,"view":7,"chain":"00000000000000ff"}"#
        )
    }

    @Test("Terms of a phase that has several, and an error, stand in a step's line; what a variant has not does not")
    func parts() throws {
        var metrics = Self.step(3)
        let terms = [Loss(name: "label", value: 1.25), Loss(name: "style", value: 1.5)]
        metrics.losses = [
            Loss(name: "discriminator", value: 2.75, terms: terms),
            Loss(name: "classification", value: 0.5, terms: [Loss(name: "classification", value: 0.5)]),
        ]
        (metrics.pixelError, metrics.code, metrics.error) = (nil, nil, 0.125)
        let text = metrics.json.text
        #expect(
            text.contains(
                #""loss":{"discriminator":2.75,"classification":0.5},"terms":{"discriminator":{"label":1.25,"style":1.5}},"#
                    + #""error":0.125,"samples_per_second""#))
        #expect(!text.contains("pixel_error") && !text.contains("\"code\""))
        let writer = try MetricsWriter(path: path)
        try writer.write(metrics)
        try writer.close()
        #expect(try MetricsReader(path: path).steps == [metrics])
    }

    @Test("A variant's own figures stand in an epoch's line by the contract's names, and come back")
    func ownFigures() throws {
        var classes = EpochMetrics(epoch: 1, reconstruction: 2)
        classes.classificationError = 0.25
        var clusters = EpochMetrics(epoch: 2, reconstruction: 2)
        clusters.clustering = EpochMetrics.Clustering(majority: 0.5, empty: 3, entropy: 2)
        var unlabelled = EpochMetrics(epoch: 3, reconstruction: 2)
        unlabelled.clustering = EpochMetrics.Clustering(majority: nil, empty: 0, entropy: 2)
        var nearest = EpochMetrics(epoch: 4, reconstruction: 2)
        nearest.nearestComponent = NearestComponent(error: 0.125, floor: 0.0163)
        var bound = EpochMetrics(epoch: 5, reconstruction: 2)
        bound.lowerBound = LowerBound(reconstruction: 90, entropy: -10, crossEntropy: 4, cost: .crossEntropy)
        var generated = EpochMetrics(epoch: 6)
        generated.samples = CodeFigures(mean: 0.125, std: 0.25)
        var matched = generated
        matched.epoch = 7
        matched.sampleMatch = SampleMatch(explained: 0.15, byImages: 0.5, byNoise: 0.03125)
        let all = [classes, clusters, unlabelled, nearest, bound, generated, matched]
        let own = [
            #""classification":{"error":0.25}"#, #""clustering":{"majority":0.5,"empty":3,"entropy":2.0}"#,
            #""clustering":{"empty":0,"entropy":2.0}"#, #""nearest_component":{"error":0.125,"floor":0.0163}"#,
            #""elbo":{"nats":-104.0,"reconstruction":90.0,"entropy":-10.0,"cross_entropy":4.0,"cost":"cross-entropy"}"#,
            #""validation":{"samples":{"mean":0.125,"std":0.25}}"#,
            #"{"samples":{"mean":0.125,"std":0.25,"explained":0.15,"explained_images":0.5,"explained_noise":0.03125}}"#,
        ]
        for (metrics, text) in zip(all, own) { #expect(metrics.json.text.contains(text)) }
        let writer = try MetricsWriter(path: path)
        for metrics in all { try writer.write(metrics) }
        try writer.close()
        #expect(try MetricsReader(path: path).epochs == all)
        #expect(
            all.map(\.headline) == [
                "classification error 25.00 %", "clustering error by majority 50.00 %", nil,
                "codes in another class's part of the prior 12.50 %", "elbo -104.0", nil,
                "held-out images explained by samples 15.00 %",
            ])
        let sum = "(entropy -10.00 - cross-entropy with the prior 4.000 - reconstruction 90.00, cross-entropy)"
        #expect(bound.words.hasPrefix("elbo -104.0 nats \(sum)"))
        #expect(generated.words == "samples mean 0.125, std 0.250")
        #expect(
            matched.words
                == "held-out images explained by samples 15.00 % (other images: 50.00 %, noise: 3.125 %), samples mean 0.125, std 0.250"
        )
        #expect(matched.mainFigure?.name == "samples.explained" && matched.mainFigure?.value == 0.15)
        #expect(matched.subject == "samples of the prior" && bound.subject == "held-out images")
    }

    @Test("Rates stand in a step's line, and come back; a line without them has none")
    func rates() throws {
        var step = Self.step(3)
        step.rates = [PhaseRate(phase: "reconstruction", value: 0.01), PhaseRate(phase: "generator", value: 0)]
        #expect(step.json.text.contains(#""generator":0.693},"rates":{"reconstruction":0.01,"generator":0.0},"pixel_error""#))
        let writer = try MetricsWriter(path: path)
        try writer.write(step)
        try writer.write(Self.step(4))
        try writer.close()
        #expect(try MetricsReader(path: path).steps == [step, Self.step(4)])
    }

    @Test("A run that goes on takes its time up where the last line that stays has it")
    func seconds() throws {
        let writer = try MetricsWriter(path: path)
        for step in 1...5 { try writer.write(Self.step(UInt64(step))) }
        try writer.close()
        #expect(try MetricsWriter(path: path, resumingAt: 3, epochsDone: 0).lastSeconds == Self.step(3).seconds)
        #expect(try MetricsWriter(path: scratch.file("other.jsonl"), resumingAt: 3, epochsDone: 0).lastSeconds == 0)
    }

    @Test("A run that goes on knows the newest epoch that stays, and none of those that are done again")
    func goesOnWithEpoch() throws {
        let writer = try MetricsWriter(path: path)
        #expect(writer.lastEpoch == nil)
        var second = EpochMetrics(epoch: 2, reconstruction: 1)
        second.classificationError = 0.25
        for (epoch, step) in [(Self.epoch, 5), (second, 10), (EpochMetrics(epoch: 3, reconstruction: 1), 15)]
            as [(EpochMetrics, UInt64)]
        {
            try writer.write(Self.step(step, epoch: epoch.epoch))
            try writer.write(epoch)
        }
        try writer.write(Self.step(16, epoch: 4))
        try writer.close()
        for (step, done, last) in [(16, 3, 3), (12, 2, 2), (7, 1, 1), (3, 0, nil)] as [(UInt64, Int, Int?)] {
            let again = try MetricsWriter(path: path, resumingAt: step, epochsDone: done)
            #expect(again.lastEpoch?.epoch == last)
            #expect(again.lastEpoch?.headline == (last == 2 ? "classification error 25.00 %" : nil))
            try again.close()
        }
    }

    @Test("The newest epoch is found from the end of a long file, behind what follows it")
    func lastEpoch() throws {
        #expect(MetricsReader.lastEpoch(path: path) == nil)
        let writer = try MetricsWriter(path: path)
        for step in 1...2_000 { try writer.write(Self.step(UInt64(step))) }
        try writer.close()
        #expect(MetricsReader.lastEpoch(path: path) == nil)
        let going = try MetricsWriter(path: path)
        try going.write(Self.epoch)
        try going.event("stop", [])
        try going.close()
        #expect(MetricsReader.lastEpoch(path: path) == Self.epoch)
    }

    @Test("An epoch's line leaves out what was not taken")
    func epochLine() {
        #expect(
            Self.epoch.json.text
                == #"{"kind":"epoch","epoch":1,"validation":{"reconstruction":20.5,"code":{"mean":0.0,"std":4.9},"holes":0.125,"holes_zero":0.5,"energy_distance":0.01,"energy_zero":0.001}}"#
        )
        #expect(
            EpochMetrics(epoch: 2, reconstruction: 1, code: CodeFigures(mean: 0, std: 1)).json.text
                == #"{"kind":"epoch","epoch":2,"validation":{"reconstruction":1.0,"code":{"mean":0.0,"std":1.0}}}"#)
    }

    @Test("What is written reads back equal")
    func roundTrip() throws {
        let writer = try MetricsWriter(path: path)
        try writer.event("resume", [("step", JSON(2)), ("from", "latest")])
        var clamped = Self.step(2)
        clamped.clamped = 9
        clamped.repeats = 2
        try writer.write(Self.step(1))
        try writer.write(clamped)
        try writer.write(Self.epoch)
        try writer.close()
        let reader = try MetricsReader(path: path)
        #expect(reader.steps == [Self.step(1), clamped])
        #expect(reader.epochs == [Self.epoch])
        #expect(reader.events.map(\.what) == ["resume"])
        #expect(reader.events[0].fields.text == #"{"kind":"event","what":"resume","step":2,"from":"latest"}"#)
        #expect(reader.losses("generator").map(\.step) == [1, 2])
        #expect(reader.losses("generator").map(\.loss) == [0.693, 0.693])
        #expect(reader.losses("classification").isEmpty)
    }

    @Test("A loss that is not finite is written as null and read as not a number")
    func notFinite() throws {
        var metrics = Self.step(1)
        metrics.losses[0].value = .infinity
        let writer = try MetricsWriter(path: path)
        try writer.write(metrics)
        try writer.close()
        #expect(try MetricsReader(path: path).losses("reconstruction").first?.loss.isNaN == true)
    }

    @Test("A file that is opened to go on knows the last step that stays in it")
    func lastStep() throws {
        let writer = try MetricsWriter(path: path)
        #expect(writer.lastStep == 0)
        for step in 1...10 as ClosedRange<UInt64> { try writer.write(Self.step(step)) }
        try writer.event("death", [("step", JSON(99))])
        try writer.close()
        for (resumed, last) in [(12, 10), (10, 10), (7, 7), (0, 0)] as [(UInt64, UInt64)] {
            let again = try MetricsWriter(path: path, resumingAt: resumed, epochsDone: 0)
            #expect(again.lastStep == last)
            try again.close()
        }
        let other = try MetricsWriter(path: scratch.file("other.jsonl"), resumingAt: 5, epochsDone: 0)
        #expect(other.lastStep == 0)
        try other.close()
    }

    @Test("Going on from a checkpoint drops the steps and epochs to be redone, and keeps the events")
    func rewind() throws {
        let writer = try MetricsWriter(path: path)
        for step in 1...10 as ClosedRange<UInt64> {
            try writer.write(Self.step(step))
            if step == 8 { try writer.event("death", [("rank", JSON(1))]) }
        }
        try writer.write(Self.epoch)
        try writer.write(EpochMetrics(epoch: 2, reconstruction: 1, code: CodeFigures(mean: 0, std: 1)))
        try writer.close()
        let resumed = try MetricsWriter(path: path, resumingAt: 6, epochsDone: 1)
        try resumed.write(Self.step(7))
        try resumed.close()
        let reader = try MetricsReader(path: path)
        #expect(reader.steps.map(\.step) == [1, 2, 3, 4, 5, 6, 7])
        #expect(reader.epochs == [Self.epoch])
        #expect(reader.events.map(\.what) == ["death"])
        #expect(try Scratch.names(scratch.path) == ["metrics.jsonl"])
    }

    @Test("A line cut anywhere is passed over, and cut away before more is written")
    func tornTail() throws {
        let line = Self.step(1).json.text + "\n"
        for length in stride(from: 0, through: line.utf8.count, by: 11) {
            _ = try scratch.write(line + String(line.prefix(length)), to: "metrics.jsonl")
            #expect(try MetricsReader(path: path).steps.count == 1 + length / line.utf8.count)
            let writer = try MetricsWriter(path: path, resumingAt: 1, epochsDone: 0)
            try writer.write(Self.step(2))
            try writer.close()
            #expect(try MetricsReader(path: path).steps.last == Self.step(2))
        }
    }

    @Test("A line that cannot be read is named and passed over, and kinds of later versions are no concern")
    func malformed() throws {
        _ = try scratch.write("{\"kind\":\"later\"}\n{\"kind\":\"step\",\"step\":1}\n", to: "metrics.jsonl")
        #expect(
            try MetricsReader(path: path).passedOver.map(\.description)
                == ["\(path), line 2: a step lacks one of its members, or has one that cannot be; the line is passed over."])
        _ = try scratch.write("{]\n\0\0\n\(Self.step(4).json.text)\n", to: "metrics.jsonl")
        let reader = try MetricsReader(path: path)
        #expect(
            reader.passedOver.first?.description
                == "\(path), line 1: The text is not JSON: a quoted text is expected at byte 1; the line is passed over.")
        #expect(reader.passedOver.map(\.line) == [1, 2])
        #expect(reader.steps == [Self.step(4)])
    }

    @Test("Many threads write whole lines")
    func threads() throws {
        let writer = try MetricsWriter(path: path)
        DispatchQueue.concurrentPerform(iterations: 200) { index in
            do { try writer.write(Self.step(UInt64(index))) } catch { Issue.record(error) }
        }
        try writer.close()
        #expect(Set(try MetricsReader(path: path).steps.map(\.step)) == Set(0..<200))
    }
}

@Suite struct EventFileTests {
    let scratch = Scratch()

    /// The records of an event file, after their checksums were verified.
    static func records(_ bytes: [UInt8]) -> [[UInt8]] {
        func number(_ at: Int, _ count: Int) -> UInt64 {
            bytes[at..<at + count].enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        }
        func masked(_ range: Range<Int>) -> UInt64 {
            let checksum = CRC32C.checksum(Array(bytes[range]))
            return UInt64((checksum >> 15 | checksum << 17) &+ 0xA282_EAD8)
        }
        var records: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            let length = Int(number(position, 8))
            #expect(number(position + 8, 4) == masked(position..<position + 8))
            #expect(number(position + 12 + length, 4) == masked(position + 12..<position + 12 + length))
            records.append(Array(bytes[position + 12..<position + 12 + length]))
            position += 16 + length
        }
        return records
    }

    @Test("Records carry their length and masked checksums, and an event the fields of TensorBoard's protobuf")
    func framing() throws {
        let time = Date(timeIntervalSince1970: 1_000)
        let writer = EventFileWriter(directory: scratch.path, host: "a/b", time: time)
        #expect(writer.path == scratch.file("events.out.tfevents.1000.a-b"))
        writer.scalars(step: 300, time: time, [("x", 1), ("yy", -0.5)])
        writer.close()
        let records = Self.records(try Scratch.bytes(writer.path))
        let wallTime: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0x40, 0x8F, 0x40]
        #expect(records.count == 2)
        #expect(records[0] == wallTime + [0x1A, 13] + Array("brain.Event:2".utf8))
        let first: [UInt8] = [0x0A, 8, 0x0A, 1, 0x78, 0x15, 0, 0, 0x80, 0x3F]
        let second: [UInt8] = [0x0A, 9, 0x0A, 2, 0x79, 0x79, 0x15, 0, 0, 0, 0xBF]
        #expect(records[1] == wallTime + [0x10, 0xAC, 0x02, 0x2A, 21] + first + second)
    }

    @Test("An epoch's figures stand in TensorBoard's file by their paths")
    func epochTags() throws {
        var epoch = EpochMetrics(epoch: 1)
        epoch.sampleMatch = SampleMatch(explained: 0.15, byImages: 0.5, byNoise: 0.03125)
        let writer = EventFileWriter(directory: scratch.path, host: "h")
        writer.write(epoch, step: 1)
        writer.close()
        let text = String(decoding: try #require(Self.records(try Scratch.bytes(writer.path)).last), as: UTF8.self)
        for name in ["explained", "explained_images", "explained_noise"] {
            #expect(text.contains("validation/samples/\(name)\u{15}"), "\(name)")
        }
    }

    @Test("The file of a run that goes on says from which step on earlier ones were superseded")
    func goesOn() throws {
        let time = Date(timeIntervalSince1970: 1_000)
        let writer = EventFileWriter(directory: scratch.path, resumingAt: 299, host: "h", time: time)
        writer.close()
        let records = Self.records(try Scratch.bytes(writer.path))
        let wallTime: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0x40, 0x8F, 0x40]
        #expect(records.count == 2 && records[1] == wallTime + [0x10, 0xAC, 0x02, 0x3A, 2, 0x08, 0x01])
    }

    @Test("A second writer within the same second takes another name")
    func sameSecond() throws {
        let time = Date(timeIntervalSince1970: 1_000)
        let first = EventFileWriter(directory: scratch.path, host: "h", time: time)
        let second = EventFileWriter(directory: scratch.path, host: "h", time: time)
        #expect(first.path != second.path)
        second.write(MetricsTests.step(1), time: time)
        second.write(MetricsTests.epoch, step: 500, time: time)
        second.close()
        #expect(Self.records(try Scratch.bytes(second.path)).count == 3)
    }
}
