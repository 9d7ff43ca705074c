import Autoencoder
import Figures
import Foundation
import Runs
import TestSupport
import Testing

/// Runs beside each other: what differs in their settings, their figures, and their losses on one picture.
@Suite struct RunComparisonTests {
    let scratch = Scratch()

    private func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        var configuration = Configuration()
        change(&configuration)
        return configuration
    }

    /// A run of so many steps, every fourth the last of its epoch, with these losses by phase.
    private func run(
        _ name: String, _ configuration: Configuration, steps: UInt64 = 8, phases: [String] = ["reconstruction", "discriminator"],
        upTo step: UInt64? = nil
    ) throws -> RunComparison.Run {
        let folder = try RunFolder.begin(configuration, provenance: RunFolderTests.provenance, at: scratch.file(name))
        let writer = try MetricsWriter(path: folder.metricsPath)
        for at in 1...steps {
            var line = MetricsTests.step(at, epoch: Int(at - 1) / 4 + 1)
            line.losses = phases.enumerated().map { Loss(name: $1, value: Double($0) + Double(at)) }
            try writer.write(line)
            if at % 4 == 0 {
                try writer.write(EpochMetrics(epoch: Int(at) / 4, reconstruction: Double(at), energyDistance: at == 8 ? .nan : 0.5))
            }
        }
        try writer.close()
        return try RunComparison.Run(folder, name: name, step: step)
    }

    @Test("only settings that differ stand in the table, with the value of each run, and below them the newest figures")
    func tables() throws {
        let mixture = configuration {
            $0.seed = 7
            $0.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        }
        let comparison = RunComparison([
            try run("a", configuration()), try run("b", mixture), try run("c", configuration { $0.seed = 7 }, upTo: 5),
        ])
        let lines = comparison.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: " ").map(String.init)
        }
        let settings = lines.prefix { !$0.isEmpty }
        #expect(settings[0] == ["setting", "a", "b", "c"])
        #expect(settings.contains(["seed", "0", "7", "7"]))
        #expect(settings.contains(["prior.kind", "gaussian", "mixture", "gaussian"]))
        #expect(settings.contains(["prior.std", "5", "-", "5"]))
        #expect(!settings.contains { $0[0] == "minibatch" || $0[0] == "phases.reconstruction.rate" })
        let figures = Array(lines.dropFirst(settings.count + 1))
        #expect(
            figures == [
                ["figure", "a", "b", "c"], ["step", "8", "8", "5"], ["epoch", "2", "2", "1"], ["reconstruction", "8", "8", "4"],
                ["energy", "distance", "nan", "nan", "0.5"],
            ])
    }

    @Test("equal settings are told to be, and the JSON has every value whole")
    func json() throws {
        let long = String(repeating: "x", count: 60)
        let (a, b) = (try run("a", configuration()), try run("b", configuration { $0.name = long }))
        let comparison = RunComparison([a, b])
        #expect(comparison.text.split(separator: "\n").allSatisfy { $0.count <= RunTable.width })
        #expect(
            comparison.json["settings"]?.text == #"[{"key":"name","values":["quickstart","\#(long)"]}]"#)
        #expect(
            comparison.json["runs"]?.arrayValue?.first?.text
                == #"{"run":"a","path":"\#(a.path)","step":8,"epoch":2,"validation":{"reconstruction":8.0,"energy_distance":null}}"#
        )
        let roll = try run("a-run-whose-name-is-\(long)", configuration { $0.prior = .swissRoll(thickness: 0.5) })
        let unlike = RunComparison([a, roll])
        #expect(unlike.json["settings"]?.text.contains(#"{"key":"prior.std","values":["5",null]}"#) == true)
        // A name is typed again, and so it is whole.
        #expect(unlike.text.contains(" \(roll.name)\n"), "\(unlike.text)")
        #expect(RunComparison([a, a]).text.hasPrefix("all settings are the same\n\nfigure"))
    }

    @Test("a picture has a panel for each loss that all runs have, and a colour a run that a grey print tells apart")
    func picture() throws {
        // As Colour.runs has them: what a change of them must keep is below.
        let colours: [(UInt8, UInt8, UInt8)] = [
            (0x10, 0x20, 0x6A), (0xB3, 0x12, 0x2B), (0x2E, 0x8B, 0x57), (0xE0, 0x7B, 0x1A), (0x7C, 0xC4, 0xF0),
        ]
        #expect(colours.count == Figures.mostCompared)
        let greys = colours.map { 0.299 * Double($0.0) + 0.587 * Double($0.1) + 0.114 * Double($0.2) }
        #expect(zip(greys, greys.dropFirst()).allSatisfy { $1 - $0 >= 30 } && greys.allSatisfy { $0 <= 190 }, "\(greys)")
        let runs = try (0..<colours.count).map { index in
            try run(
                "run-\(index)", configuration(), steps: UInt64(4 + index), phases: ["reconstruction", "discriminator", "generator"])
        }
        let all = RunComparison(runs).picture
        for colour in colours { #expect(holds(all, colour), "\(colour)") }
        #expect(!holds(RunComparison(Array(runs.prefix(2))).picture, colours[2]))
        // Without a discriminator's loss in one of them there is one panel less.
        let other = try run("other", configuration(), phases: ["reconstruction", "generator"])
        #expect(RunComparison([runs[0], other]).picture.height < RunComparison([runs[0], runs[1]]).picture.height)
    }

    private func holds(_ raster: Raster, _ colour: (UInt8, UInt8, UInt8)) -> Bool {
        stride(from: 0, to: raster.pixels.count, by: 3).contains {
            raster.pixels[$0] == colour.0 && raster.pixels[$0 + 1] == colour.1 && raster.pixels[$0 + 2] == colour.2
        }
    }

    @Test("what was evaluated of the same step stands beside it, by images, and nothing of other steps")
    func evaluated() throws {
        let (first, second) = (try run("a", configuration()), try run("b", configuration()))
        func write(_ run: String, _ name: String, step: Int, split: String, _ figures: String) throws {
            let head =
                #"{"recipe":"r","run":"\#(run)","data":"glyphs","step":\#(step),"checkpoint":"\#(String(repeating: "0", count: 64))","#
                + #""split":"\#(split)","seed":0,"#
            try scratch.write(head + figures + "}", to: "\(run)/\(name).json")
        }
        try write("a", "evaluation-validation", step: 8, split: "validation", #""parzen":{"nats":320.5,"grid":[1,2]}"#)
        try write("a", "evaluation", step: 8, split: "test", #""classification":{"error":0.02}"#)
        try write("b", "evaluation", step: 4, split: "test", #""classification":{"error":0.5}"#)
        try write("b", "evaluation-step-00000008", step: 8, split: "test", #""classification":{"error":0.03}"#)
        let comparison = RunComparison([
            try RunComparison.Run(RunFolder.open(first.path), name: "a"),
            try RunComparison.Run(RunFolder.open(second.path), name: "b"),
        ])
        let rows = comparison.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(rows.suffix(2) == ["validation images: parzen.nats 320.5 -", "test images: classification.error 0.02 0.03"])
        let runs = try #require(comparison.json["runs"]?.arrayValue)
        #expect(runs[0]["evaluation"]?["validation"]?["parzen"]?["nats"]?.doubleValue == 320.5)
        #expect(runs[1]["evaluation"]?.text == #"{"test":{"classification":{"error":0.03}}}"#)
    }
}
