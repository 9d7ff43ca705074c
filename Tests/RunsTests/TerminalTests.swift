import Autoencoder
import Foundation
import Runs
import TestSupport
import Testing

@Suite struct ProgressTests {
    static let progress = Progress(
        run: "quickstart-20260102-030405", epoch: 3, epochs: 6, step: 1_234, steps: 3_000, samplesPerSecond: 12_345.6,
        remaining: .seconds(80),
        losses: [
            Loss(name: "reconstruction", value: 21.3456), Loss(name: "discriminator", value: 1.38629),
            Loss(name: "generator", value: 0.0069),
        ], workers: 2, workersWanted: 2, wireSent: 12_340_000, wireRaw: 25_914_000)

    @Test("With room the line tells everything")
    func wide() {
        #expect(
            Self.progress.render(width: 200)
                == "epoch 3/6  step 1234/3000  12,346 samples/s  eta 1m20s  reconstruction 21.35  discriminator 1.386  generator 0.00690  2/2 workers  wire 12.3 MB (2.1x)"
        )
    }

    @Test("What matters least goes first when the terminal is narrow")
    func narrow() {
        #expect(
            Self.progress.render(width: 130)
                == "epoch 3/6  step 1234/3000  12,346 samples/s  eta 1m20s  reconstruction 21.35  discriminator 1.386  generator 0.00690  2/2 workers"
        )
        #expect(
            Self.progress.render(width: 90)
                == "epoch 3/6  step 1234/3000  12,346 samples/s  eta 1m20s  rec 21.35  dis 1.386  gen 0.00690")
        #expect(Self.progress.render(width: 79) == "epoch 3/6  step 1234/3000  eta 1m20s  rec 21.35  dis 1.386  gen 0.00690")
        #expect(Self.progress.render(width: 30) == "epoch 3/6  step 1234/3000")
        #expect(Self.progress.render(width: 7) == "epoch 3")
        #expect(Self.progress.render(width: 0) == "")
    }

    @Test("The line never exceeds the width", arguments: 0...200)
    func widths(width: Int) {
        var progress = Self.progress
        progress.note = "waiting for workers"
        progress.workers = 1
        #expect(progress.render(width: width).count <= width)
    }

    @Test("A worker that is missing stays on the line, and so does a note")
    func missingWorker() {
        var progress = Self.progress
        progress.workers = 1
        progress.note = "rejoining"
        #expect(progress.render(width: 60) == "epoch 3/6  step 1234/3000  1/2 workers  rejoining")
    }

    @Test(
        "Numbers keep four digits, times two units",
        arguments: [
            (0.0, "0"), (-0.5, "-0.500"), (9.9999, "10.000"), (123.456, "123.5"), (1_234_567, "1,234,567"), (.nan, "nan"),
            (.infinity, "inf"),
            (-.infinity, "-inf"), (1e19, "1e+19"), (-3.4e38, "-3.4e+38"),
        ])
    func numbers(value: Double, text: String) {
        var progress = Self.progress
        progress.losses = [Loss(name: "r", value: value)]
        #expect(progress.render(width: 200).contains("  r \(text)  "))
        let epoch = EpochMetrics(epoch: 1, reconstruction: value, code: CodeFigures(mean: 0, std: 1))
        #expect(epoch.words == "reconstruction \(text), code mean 0, std 1.000")
    }

    @Test("Terms of losses and what is held out stand in the line, and terms go before names and losses")
    func terms() {
        var progress = Self.progress
        progress.losses = [
            Loss(
                name: "generator", value: 1.5, terms: [Loss(name: "label", value: 0.5), Loss(name: "style", value: 1)])
        ]
        (progress.error, progress.heldOut) = (0.25, "error 3.00 %")
        let whole = progress.render(width: 1_000)
        #expect(whole.contains("  generator 1.500 (label 0.500, style 1.000)  minibatch error 25.00 %  held-out error 3.00 %  "))
        var sum = progress
        sum.losses = [
            Loss(name: "reconstruction", terms: [Loss(name: "reconstruction", value: 90), Loss(name: "cross_entropy", value: 4)])
        ]
        #expect(
            sum.render(width: 1_000).contains(
                "  reconstruction phase 94.00 (reconstruction 90.00, cross_entropy 4.000)  "))
        let narrow = progress.render(width: 95)
        #expect(narrow.contains("gen") && narrow.contains(" 1.500") && !narrow.contains("label"))
    }

    @Test(
        "The time left has two units",
        arguments: [(0, "0s"), (59, "59s"), (60, "1m00s"), (3_599, "59m59s"), (3_600, "1h00m"), (90_000, "1d01h")])
    func times(seconds: Int, text: String) {
        var progress = Self.progress
        progress.remaining = .seconds(seconds)
        #expect(progress.render(width: 200).contains("  eta \(text)  "))
    }

    @Test("Before a byte was sent there is no ratio, and without a wire no wire")
    func noWire() {
        var progress = Self.progress
        progress.wireSent = 0
        #expect(progress.render(width: 200).hasSuffix("  wire 0 B"))
        progress.wireRaw = 0
        #expect(progress.render(width: 200).hasSuffix("  2/2 workers"))
    }
}

@Suite struct ProgressLineTests {
    @Test("Away from a terminal there is a plain line for each epoch, without control characters")
    func plain() throws {
        let scratch = Scratch()
        let path = try scratch.write("", to: "out")
        let file = try #require(FileHandle(forWritingAtPath: path))
        let line = ProgressLine(file: file.fileDescriptor, plainEvery: .seconds(3_600))
        var progress = ProgressTests.progress
        line.update(progress)
        progress.step += 1
        line.update(progress)
        line.message("worker 1 joined")
        progress.epoch = 4
        line.update(progress)
        progress.step = progress.steps
        line.update(progress)
        line.finish()
        let text = try Scratch.text(path)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 4)
        #expect(lines[0] == ProgressTests.progress.render(width: 1_000))
        #expect(lines[1] == "worker 1 joined")
        #expect(lines[2].hasPrefix("epoch 4/6  step 1235/3000"))
        #expect(lines[3].hasPrefix("epoch 4/6  step 3000/3000"))
        #expect(text.utf8.allSatisfy { $0 == 0x0A || $0 >= 0x20 })
    }

    @Test("On a terminal the line is drawn over itself and messages stand above it")
    func terminal() throws {
        var (master, slave): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: 24, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0)
        try #require(openpty(&master, &slave, nil, nil, &size) == 0)
        defer { close(master) }
        let line = ProgressLine(file: slave)
        line.update(ProgressTests.progress)
        line.message("worker 1 joined")
        line.finish()
        close(slave)
        // The kernel hands a terminal's text over piece by piece, and an error once the other end is closed and all is read.
        var (output, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1024))
        while case let count = read(master, &piece, piece.count), count > 0 { output += piece[..<count] }
        let drawn = ProgressTests.progress.render(width: 59)
        #expect(String(decoding: output, as: UTF8.self) == "\r\u{1B}[K\(drawn)\r\u{1B}[Kworker 1 joined\r\n\(drawn)\r\n")
    }
}

@Suite struct PaceTests {
    @Test("A pace is that of the last minute, whatever was before, and of all the time there was until then")
    func lastMinute() {
        var pace = Pace(since: .seconds(100))
        #expect(pace.perSecond == 0)
        pace.add(50, at: .seconds(100))
        #expect(pace.perSecond == 0)
        pace.add(50, at: .seconds(110))
        #expect(pace.perSecond == 10)
        // Ten times as fast from then on, in steps of a tenth of a second.
        for tenth in 1...1_200 { pace.add(10, at: .seconds(110) + .milliseconds(100 * tenth)) }
        #expect(abs(pace.perSecond - 100) < 0.2)
        // Slower steps count while they are in that minute.
        for step in 1...30 { pace.add(10, at: .seconds(230 + step)) }
        #expect(abs(pace.perSecond - 55) < 2)
    }

    @Test("The time that a run was stopped is no pace; a wait that comes again within the minute is")
    func standstill() {
        var pace = Pace(since: .zero)
        for step in 1...600 { pace.add(10, at: .milliseconds(100 * step)) }
        // Two minutes after Control-Z it goes on as before.
        pace.add(10, at: .milliseconds(180_000))
        #expect(abs(pace.perSecond - 100) < 1)
        for step in 1...10 { pace.add(10, at: .milliseconds(180_000 + 100 * step)) }
        #expect(abs(pace.perSecond - 100) < 1)
        // A link has become slow.
        for step in 1...6 { pace.add(10, at: .seconds(181 + 10 * step)) }
        #expect(pace.perSecond < 20)
    }

    @Test("A few seconds, and a step of a slow run that takes some times as long as the others, are its pace")
    func noStandstill() {
        var pace = Pace(since: .zero)
        for step in 1...300 { pace.add(10, at: .milliseconds(100 * step)) }
        pace.add(10, at: .seconds(34))
        #expect(pace.perSecond < 90)
        var slow = Pace(since: .zero)
        for step in 1...6 { slow.add(10, at: .seconds(4 * step)) }
        slow.add(10, at: .seconds(24 + 36))
        #expect(abs(slow.perSecond - 70.0 / 60) < 0.01)
    }
}

@Suite struct ThroughputTests {
    @Test("A speed is that of the last seconds: neither steps that are told of in one breath nor a pause make it another for long")
    func bursts() {
        var throughput = Throughput(since: .seconds(100))
        #expect(throughput.perSecond == 0)
        // After a restart the first report comes late, and then one for four steps at once.
        throughput.add(10, at: .milliseconds(100_500))
        #expect(abs(throughput.perSecond - 20) < 1e-9)
        for _ in 0..<4 { throughput.add(10, at: .milliseconds(100_500)) }
        #expect(throughput.perSecond < 120)
        for tenth in 1...600 { throughput.add(10, at: .milliseconds(100_500 + 100 * tenth)) }
        #expect(abs(throughput.perSecond - 100) < 5)
        throughput.add(10, at: .seconds(400))
        #expect(throughput.perSecond < 1)
        for tenth in 1...150 { throughput.add(10, at: .seconds(400) + .milliseconds(100 * tenth)) }
        #expect(abs(throughput.perSecond - 100) < 6)
    }
}

@Suite struct ProvenanceTests {
    @Test("The CPU's model is read from /proc/cpuinfo")
    func cpu() {
        #expect(
            Provenance.cpuModel(
                in: "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9R45: x\nprocessor\t: 1\nmodel name\t: other\n")
                == "AMD EPYC 9R45: x")
        #expect(Provenance.cpuModel(in: "Processor: ARM\n") == "unknown")
        #expect(!Provenance.cpuModel().isEmpty)
        #expect(!Provenance.hostName().contains("\n"))
        #expect(!Provenance.systemName().isEmpty)
    }

    @Test("The command line can be pasted into a shell")
    func command() {
        let provenance = Provenance(
            commit: "c", dataIdentity: "d", kernel: "k",
            commandLine: ["lockstep", "train", "--set", "model.encoder=[5, 5]", "it's", ""])
        #expect(provenance.command == "lockstep train --set 'model.encoder=[5, 5]' 'it'\\''s' ''")
        #expect(provenance.version == Version.text)
    }
}

@Suite struct OutsideUnitsTests {
    @Test("Values outside 0 to 1 are counted and told with their range; without any nothing is said")
    func sentence() {
        var outside = OutsideUnits()
        outside.add([0, 0.5, 1, .nan])
        #expect(outside.sentence(in: "a.npy") == nil)
        outside.add([-0.25, 1.5, 0.25, 0.75])
        #expect(
            outside.sentence(in: "a.npy")?.hasPrefix("25.00 % of the values in a.npy lie outside 0 to 1, from -0.25 to 1.5: ")
                == true)
    }
}
