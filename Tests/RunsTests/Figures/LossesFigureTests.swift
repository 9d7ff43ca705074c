import Autoencoder
import Figures
import Foundation
import Runs
import TestSupport
import Testing

/// The losses figure: which curves it takes from the metrics, and what it draws of them.
@Suite struct LossesFigureTests {
    let scratch = Scratch()
    let title = FigureTitle(run: "test", epoch: 1, step: 10)

    private func curve(_ name: String, _ values: [Double]) -> LossCurve {
        LossCurve(name: name, steps: values.indices.map { UInt64($0 + 1) }, values: values)
    }

    private func holds(_ raster: Raster, _ colour: (UInt8, UInt8, UInt8)) -> Bool {
        stride(from: 0, to: raster.pixels.count, by: 3).contains {
            raster.pixels[$0] == colour.0 && raster.pixels[$0 + 1] == colour.1 && raster.pixels[$0 + 2] == colour.2
        }
    }

    private static let (training, heldOut): ((UInt8, UInt8, UInt8), (UInt8, UInt8, UInt8)) = (
        (0x88, 0x22, 0x77), (0x44, 0x88, 0x66)
    )
    private static let (discriminator, generator): ((UInt8, UInt8, UInt8), (UInt8, UInt8, UInt8)) =
        ((0xDD, 0x00, 0x11), (0x22, 0x33, 0xAA))

    /// Three epochs of four steps, the first two evaluated.
    private func metrics(rates: Bool = true) throws -> MetricsReader {
        let path = scratch.file(rates ? "metrics.jsonl" : "metrics-without.jsonl")
        let writer = try MetricsWriter(path: path)
        for at in 1...12 as ClosedRange<UInt64> {
            var step = MetricsTests.step(at, epoch: Int(at - 1) / 4 + 1)
            step.losses = ["reconstruction", "discriminator", "generator"].enumerated().map {
                Loss(name: $1, value: Double($0 * 100) + Double(at))
            }
            step.pixelError = 2 * Double(at)
            if rates { step.rates = [PhaseRate(phase: "reconstruction", value: 0.01), PhaseRate(phase: "generator", value: 0.1)] }
            try writer.write(step)
            if at == 5 { try writer.write(EpochMetrics(epoch: 1, reconstruction: 30, code: CodeFigures(mean: 0, std: 1))) }
            if at == 6 { try writer.write(EpochMetrics(epoch: 2, reconstruction: 25, code: CodeFigures(mean: 0, std: 1))) }
            if at == 9 { try writer.write(EpochMetrics(epoch: 2, reconstruction: 20, code: CodeFigures(mean: 0, std: 1))) }
        }
        try writer.close()
        return try MetricsReader(path: path)
    }

    @Test("An evaluation stands at the last step of its epoch, and the newest one of an epoch counts")
    func heldOut() throws {
        let curves = try TrainingCurves(metrics(), cost: .halfSquaredError)
        #expect(curves.heldOut == LossCurve(name: "held-out", steps: [4, 8], values: [30, 20]))
        #expect(curves.reconstruction == LossCurve(name: "training", steps: Array(1...12), values: (1...12).map { Double($0) }))
        #expect(curves.squaredError == nil && curves.stepsPerEpoch == 4)
        #expect(curves.adversaries.map(\.name) == ["discriminator", "generator"])
        #expect(curves.adversaries[1].values.last == 212)
    }

    @Test(
        "A phase of two adversaries has its loss and each one's, and further terms of the reconstruction's have curves of their own"
    )
    func terms() throws {
        let path = scratch.file("metrics-terms.jsonl")
        let writer = try MetricsWriter(path: path)
        for at in 1...3 as ClosedRange<UInt64> {
            var step = MetricsTests.step(at)
            let parts = [Loss(name: "label", value: 1), Loss(name: "style", value: Double(at))]
            step.losses = [
                Loss(
                    name: "reconstruction", value: 25,
                    terms: [Loss(name: "reconstruction", value: 20), Loss(name: "heads", value: 5)]),
                Loss(name: "discriminator", value: 1 + Double(at), terms: parts),
                Loss(name: "classification", value: 0.5),
            ]
            try writer.write(step)
        }
        try writer.close()
        let curves = TrainingCurves(try MetricsReader(path: path), cost: .halfSquaredError)
        #expect(curves.reconstruction.values == [20, 20, 20])
        #expect(curves.adversaries.map(\.name) == ["discriminator"] && curves.adversaries[0].terms == 2)
        #expect(curves.eachAdversary.map(\.name) == ["discriminator, label", "discriminator, style"])
        #expect(curves.eachAdversary[1].values == [1, 2, 3] && curves.eachAdversary[1].terms == 1)
        #expect(curves.others.map(\.name) == ["heads", "classification"])
        #expect(
            Figures.losses(curves, title: title).height
                > Figures.losses(try TrainingCurves(metrics(), cost: .halfSquaredError), title: title).height)
    }

    @Test("Mere guessing costs each discriminator 2 ln 2 and each generator ln 2, however many a phase has")
    func guessing() {
        #expect(Figures.guessing(ofPhase: "discriminator", adversaries: 2) == 4 * log(2))
        #expect(Figures.guessing(ofPhase: "generator", adversaries: 2) == 2 * log(2))
        #expect(Figures.guessing(ofPhase: "generator", adversaries: 1) == log(2))
        #expect(Figures.guessing(ofPhase: "classification", adversaries: 1) == nil)
    }

    @Test("At a step the run has its curves up to there, and no evaluation of an epoch that had not ended")
    func upToStep() throws {
        let all = try metrics()
        let curves = TrainingCurves(all.upTo(6), cost: .halfSquaredError)
        #expect(curves.heldOut == LossCurve(name: "held-out", steps: [4], values: [30]))
        #expect(curves.reconstruction.steps == Array(1...6) && curves.stepsPerEpoch == 4)
        #expect(TrainingCurves(all.upTo(8), cost: .halfSquaredError).heldOut?.steps == [4, 8])
        #expect(TrainingCurves(all.upTo(12), cost: .halfSquaredError) == TrainingCurves(all, cost: .halfSquaredError))
    }

    @Test("Held-out images are compared with the squared error where the cost is another")
    func crossEntropy() throws {
        let curves = try TrainingCurves(metrics(), cost: .crossEntropy)
        #expect(curves.costUnit.contains("cross-entropy") && curves.costUnit.contains("nats"))
        #expect(curves.squaredError?.values == (1...12).map { Double($0) })
        let less = try TrainingCurves(metrics(), cost: .halfSquaredError)
        #expect(Figures.losses(curves, title: title).height > Figures.losses(less, title: title).height)
    }

    @Test("Rates are curves by phase, and a file without them has a panel less")
    func rates() throws {
        let with = try TrainingCurves(metrics(), cost: .halfSquaredError)
        #expect(with.rates.map(\.values.count) == [12, 0, 12] && with.rates[2].values.allSatisfy { $0 == 0.1 })
        let without = try TrainingCurves(metrics(rates: false), cost: .halfSquaredError)
        #expect(without.rates.allSatisfy { $0.values.isEmpty })
        #expect(Figures.losses(with, title: title).height > Figures.losses(without, title: title).height)
    }

    @Test("Every curve has its colour")
    func colours() {
        let curves = TrainingCurves(
            reconstruction: curve("training", [9, 8, 7]), heldOut: curve("held-out", [9.5, 8.5]),
            adversaries: [curve("discriminator", [1.3, 1.4]), curve("generator", [0.7, 0.6])])
        let raster = Figures.losses(curves, title: title)
        for colour in [Self.training, Self.heldOut, Self.discriminator, Self.generator] { #expect(holds(raster, colour)) }
        var fewer = curves
        fewer.heldOut = nil
        #expect(!holds(Figures.losses(fewer, title: title), Self.heldOut))
    }

    @Test("Phases of one rate share a line with both names")
    func sharedRates() {
        let rates = ["reconstruction", "discriminator", "generator"].map { curve($0, [0.1, 0.1]) }
        let raster = Figures.losses(TrainingCurves(reconstruction: curve("training", [1]), rates: Array(rates[1...])), title: title)
        #expect(holds(raster, Self.discriminator) && !holds(raster, Self.generator))
    }

    @Test("A value that is not finite changes what stands beside the panel, also where it is the newest")
    func notFinite() {
        func raster(_ values: [Double]) -> Raster {
            Figures.losses(TrainingCurves(reconstruction: curve("training", values)), title: title)
        }
        #expect(curve("training", [3, 2, .nan]).notFinite == 1)
        #expect(raster([3, 2, .nan]) != raster([3, 2]))
        #expect(raster([.nan, .nan]).height == raster([.nan]).height)
    }

    @Test("Losses that are empty, single, constant, zero, negative, not finite or enormous are drawn without complaint")
    func oddLosses() {
        let values: [[Double]] = [
            [], [1], [2, 2, 2], [0, 0], [-1, 3], [.nan, 1, .infinity, 2], [.nan], [1e300, 1], [1e-300, 1e29], [1e-12, 2e-12],
            [123_456_789, 5],
        ]
        for value in values {
            let steps = value.indices.map { UInt64($0) * 1_000_000 }
            func curve(_ name: String) -> LossCurve { LossCurve(name: name, steps: steps, values: value) }
            let all = TrainingCurves(
                reconstruction: curve("training"), squaredError: curve("training"), heldOut: curve("held-out"),
                adversaries: [curve("discriminator"), curve("generator")], rates: [curve("generator")])
            #expect(Figures.losses(all, title: title).channels == 3)
            #expect(Figures.losses(TrainingCurves(reconstruction: curve("training")), title: title).channels == 3)
        }
    }

    @Test("A long run of steps is drawn with every curve's colour, faint and strong")
    func longLosses() {
        let count = 20_000
        func curve(_ name: String, _ value: (Double) -> Double) -> LossCurve {
            LossCurve(name: name, steps: (0..<count).map { UInt64($0) }, values: (0..<count).map { value(Double($0)) })
        }
        let raster = Figures.losses(
            TrainingCurves(
                reconstruction: curve("training") { 100 / (1 + $0 / 100) }, heldOut: curve("held-out") { 110 / (1 + $0 / 100) },
                adversaries: [
                    curve("discriminator") { 1.2 + 0.1 * ($0 / 7).remainder(dividingBy: 1) },
                    curve("generator") { 0.8 + 0.1 * ($0 / 9).remainder(dividingBy: 1) },
                ]), title: title)
        for colour in [Self.training, Self.heldOut, Self.discriminator, Self.generator] { #expect(holds(raster, colour)) }
    }
}
