import Autoencoder
import Datasets
import Evaluation
import Foundation
import Runs
import TestSupport
import Testing

/// What `lockstep runs` tells of folders in every state.
@Suite struct RunListTests {
    let scratch = Scratch()
    var runs: String { scratch.file("runs") }
    static let now = Date(timeIntervalSince1970: 1_767_323_045)

    /// A run of 24 steps that was begun so many hours before now.
    private func make(_ name: String, hours: Double = 1, variant: Variant = .basic) throws -> RunFolder {
        var configuration = Configuration(variant: variant)
        configuration.name = "mine"
        configuration.data.train = 1200
        configuration.epochs = 2
        let provenance = Provenance(
            commit: "abc", dataIdentity: "def", kernel: "haswell", commandLine: ["lockstep"], now: Self.now - hours * 3600)
        return try RunFolder.begin(configuration, provenance: provenance, at: "\(runs)/\(name)", now: Self.now)
    }

    private func store(_ step: UInt64, in folder: RunFolder) throws -> Checkpoint {
        try folder.checkpoints().write(CheckpointInfo(step: step, epoch: 1, endsEpoch: true, identity: "x")) {
            // No tensor at all.
            try $0.write([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8))
        }
    }

    /// Steps, an epoch, and events beside them.
    private func write(_ steps: ClosedRange<UInt64>, _ epoch: EpochMetrics?, in folder: RunFolder, _ events: [(String, JSON)] = [])
        throws
    {
        let writer = try MetricsWriter(path: folder.metricsPath)
        try writer.event("start", [("step", .unsigned(0))])
        for step in steps { try writer.write(MetricsTests.step(step)) }
        if let epoch { try writer.write(epoch) }
        if !events.isEmpty { try writer.event("failure", events) }
        try writer.close()
    }

    private func summaries() throws -> [String: RunSummary] {
        Dictionary(uniqueKeysWithValues: try RunList.summaries(below: runs).map { ($0.name.replacing("\(runs)/", with: ""), $0) })
    }

    @Test("a run is finished, stopped, diverged, running or damaged as its own files and its lock tell")
    func states() throws {
        let finished = try make("finished")
        _ = try store(24, in: finished)
        try write(1...24, EpochMetrics(epoch: 2, reconstruction: 20), in: finished)
        // Its coordinator was killed before the last figures were taken.
        let unmeasured = try make("unmeasured")
        _ = try store(24, in: unmeasured)
        try write(1...24, EpochMetrics(epoch: 1, reconstruction: 20), in: unmeasured)
        _ = try store(12, in: make("stopped"))
        try write(1...13, nil, in: make("diverged"), [("reason", "ran away"), ("cause", "diverged")])
        try write(1...13, nil, in: make("full"), [("reason", "no space left")])
        let running = try make("running")
        let lock = try running.lock()
        let cut = try make("cut")
        try Data([1]).write(to: URL(fileURLWithPath: store(12, in: cut).statePath))
        try Data("model: 3\n".utf8).write(to: URL(fileURLWithPath: make("edited").configurationPath))
        let left = try make("left")
        _ = try store(12, in: left)
        try FileManager.default.removeItem(atPath: left.configurationPath)
        let found = try summaries()
        #expect(
            found.mapValues(\.state) == [
                "finished": .finished, "stopped": .stopped, "diverged": .diverged, "full": .stopped, "running": .running,
                "cut": .damaged, "edited": .damaged, "left": .damaged, "unmeasured": .stopped,
            ])
        #expect(found["finished"]?.step == 24 && found["finished"]?.steps == 24 && found["diverged"]?.step == 13)
        #expect(found["cut"]?.problem == "none of its 1 checkpoints is whole")
        #expect(found["left"]?.problem == "it holds no config.yaml")
        #expect(try #require(found["edited"]?.problem).contains("model"))
        lock.release()
        #expect(try summaries()["running"]?.state == .stopped)
        // A run that is resumed after a divergence has a new beginning.
        try MetricsWriter(path: runs + "/diverged/metrics.jsonl").event("resume", [("step", .unsigned(0))])
        #expect(try summaries()["diverged"]?.state == .stopped)
    }

    @Test("a look at a folder makes nothing in it, and holds nobody off")
    func looks() throws {
        let folder = try make("a")
        try FileManager.default.removeItem(atPath: folder.path + "/lock")
        #expect(!folder.isInUse)
        #expect(try Scratch.names(folder.path) == ["checkpoints", "config.yaml", "figures"])
        let lock = try folder.lock(within: .zero)
        #expect(folder.isInUse && folder.isInUse)
        lock.release()
        #expect(!folder.isInUse)
    }

    @Test("the newest run stands first, those below folders have their names, and links and other folders are passed over")
    func order() throws {
        _ = try make("old", hours: 50)
        _ = try make("new", hours: 0.5)
        _ = try make("sweep/night/deep", hours: 3)
        try FileManager.default.createDirectory(atPath: runs + "/notes/empty", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: runs + "/latest", withDestinationPath: "new")
        let names = try RunList.summaries(below: runs + "/").map(\.name)
        #expect(names == ["new", "sweep/night/deep", "old"].map { "\(runs)/\($0)" })
        #expect(try RunList.summaries(below: runs + "/old").map(\.name) == [runs + "/old"])
        let missing = scratch.file("none")
        #expect(sentence { _ = try RunList.summaries(below: missing) }.contains(missing))
    }

    @Test("the main figure is the variant's own, else the energy distance, else the reconstruction")
    func figures() throws {
        var epoch = EpochMetrics(epoch: 3, reconstruction: 20.5)
        #expect(epoch.mainFigure?.name == "reconstruction" && epoch.mainFigure?.words == "reconstruction 20.50")
        epoch.energyDistance = 0.25
        #expect(epoch.mainFigure?.name == "energy_distance" && epoch.mainFigure?.words == "energy distance 0.250")
        epoch.clustering = .init(majority: nil, empty: 3, entropy: 1)
        #expect(epoch.mainFigure?.name == "energy_distance")
        epoch.classificationError = 0.0325
        #expect(epoch.mainFigure?.value == 0.0325 && epoch.mainFigure?.words == "classification error 3.250 %")
        let folder = try make("a", variant: .semiSupervised)
        try write(1...7, epoch, in: folder)
        let summary = RunSummary(folder, name: "a")
        #expect(summary.figure == epoch.mainFigure && summary.epoch == 3 && summary.step == 7)
        #expect(
            RunTable.json(summary).text
                == #"{"run":"a","path":"\#(folder.path)","state":"stopped","recipe":"mine","variant":"semi-supervised","step":7,"steps":24,"#
                + #""begun":"2026-01-02T02:04:05Z","epoch":3,"figure":{"name":"classification.error","value":0.0325}}"#)
    }

    @Test("the table is aligned, names are whole however long they are, and a damaged run is a line that says so")
    func table() throws {
        let long = String(repeating: "night-", count: 15)
        let finished = try make("a", hours: 0.5)
        _ = try store(24, in: finished)
        try write(1...24, EpochMetrics(epoch: 2, reconstruction: 20), in: finished)
        _ = try store(12, in: make("\(long)end", hours: 30))
        let damaged = try make("worse", hours: 60)
        try Data("model: 3\n".utf8).write(to: URL(fileURLWithPath: damaged.configurationPath))
        let runs = try RunList.summaries(below: runs).map { run in
            var short = run
            short.name = String(run.name.dropFirst(self.runs.count + 1))
            return short
        }
        let lines = RunTable(runs, now: Self.now).text.split(separator: "\n").map(String.init)
        // What is wrong may be long, and is cut.
        #expect(lines.count == 4 && lines.allSatisfy { !$0.contains("…") || $0.contains("damaged: ") }, "\(lines)")
        let columns = ["recipe", "variant"].map { name in
            lines[0].range(of: name).map { lines[0].distance(from: lines[0].startIndex, to: $0.lowerBound) }
        }
        for line in lines where line.contains("basic") {
            #expect(line.range(of: "mine").map { line.distance(from: line.startIndex, to: $0.lowerBound) } == columns[0])
            #expect(line.range(of: "basic").map { line.distance(from: line.startIndex, to: $0.lowerBound) } == columns[1])
        }
        let whole = try #require(lines.first { $0.hasPrefix("\(long)end  mine") })
        #expect(whole.contains("30 h") && whole.hasSuffix("stopped"))
        let short = try #require(lines.first { $0.hasPrefix("a ") })
        #expect(short.contains("24/24") && short.contains("30 min") && short.hasSuffix("finished"))
        #expect(try #require(lines.first { $0.hasPrefix("worse") }).hasPrefix("worse  damaged: "))
    }
}
