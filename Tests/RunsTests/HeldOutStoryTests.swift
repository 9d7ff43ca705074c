import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

@Suite struct HeldOutStoryTests {
    private static let evaluator = Evaluator(prior: .gaussian(std: 5), codeSize: 2, seed: 1)

    /// Figures of codes that are samples of the prior, scaled and moved, with an error that is a share of the mean image's.
    private func figures(
        scale: Float = 1, by shift: Float = 0, error share: Float = 0.5, codes count: Int = 3_000, images: Int = 20
    ) -> EpochFigures {
        let codes = Self.evaluator.priorSamples(count, from: 10_000)
        for row in 0..<codes.rows {
            for column in 0..<codes.columns { codes[row, column] = codes[row, column] * scale + shift }
        }
        // Pairs of images, black and white: their mean is wrong by a half in every pixel.
        var error = ReconstructionError()
        let reconstructions = Matrix(rows: 2, columns: 4)
        for column in 0..<4 {
            reconstructions[0, column] = 0.5 * share.squareRoot()
            reconstructions[1, column] = 1 - 0.5 * share.squareRoot()
        }
        for _ in 0..<images / 2 { error.add(originals: [0, 0, 0, 0, 255, 255, 255, 255], reconstructions: reconstructions) }
        return Self.evaluator.figures(codes: codes, reconstruction: error)
    }

    @Test(
        "A model that has learnt is told from one whose codes are in one place, far away or not finite, or whose images are all one"
    )
    func verdicts() {
        #expect(Untrained.found(in: figures()) == [])
        #expect(Untrained.found(in: figures(scale: 0.5, by: 2)) == [])
        #expect(Untrained.found(in: figures(scale: 0.003)) == [.collapsed])
        #expect(Untrained.found(in: figures(scale: 0.2, by: 20)) == [.collapsed])
        #expect(Untrained.found(in: figures(scale: 2, by: -31)) == [.exploded])
        #expect(Untrained.found(in: figures(scale: 0.003, error: 3)) == [.collapsed, .blind])
        #expect(Untrained.found(in: figures(by: 682_420)) == [.exploded])
        #expect(Untrained.found(in: figures(scale: 100)) == [.exploded])
        #expect(Untrained.found(in: figures(scale: .nan)) == [.notFinite])
        #expect(Untrained.found(in: figures(error: 0.99)) == [.blind])
        #expect(abs(figures(error: 1).reconstruction!.halfSquaredOfMean - figures(error: 1).reconstruction!.halfSquared) < 1e-6)
    }

    @Test(
        "Of fewer than 20 images no energy distance is told, which of a few samples of the prior itself is far from 0",
        arguments: [2, 19, 20, 400])
    func fewImages(count: Int) {
        let found = figures(codes: count)
        let metrics = found.metrics(epoch: 1)
        let isTold = count >= 20
        #expect(metrics.holes != nil && (metrics.energyDistance != nil) == isTold && (metrics.energyZero != nil) == isTold)
        var story = HeldOutStory(epochs: 4)
        let lines = story.tell(found, epoch: 1).lines
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("energy distance") == isTold }, "\(lines)")
        #expect(lines[0].contains("holes is the share of the prior's equally likely cells with fewer than a fifth of the codes"))
    }

    @Test("A label head that says one thing of everything, and a generator of one image, are told from half of the run on")
    func oneSided() {
        var bad = figures()
        var labels = LabelCounts(entries: 2)
        labels.add(logits: Matrix(rows: 20, columns: 2), labels: (0..<20).map { UInt8($0 % 2) })
        bad.labels = labels
        #expect(Untrained.found(in: bad) == [.oneLabel])
        var story = HeldOutStory(epochs: 4)
        let words = (1...2).map { story.tell(bad, epoch: $0) }
        #expect(words[0].warning == nil)
        #expect(words[1].warning?.hasPrefix("the encoder puts 100.0 % of the images into one cluster; ") == true)
        bad.isTaught = true
        var taught = HeldOutStory(epochs: 4)
        #expect(taught.tell(bad, epoch: 4).warning?.hasPrefix("the label head says one class for 100.0 % of the images; ") == true)
        #expect(taught.tell(bad, epoch: 4).lines.last?.contains("classification error 50.00 %") == true)
        let images = Matrix(rows: 3, columns: 2)
        for row in 0..<3 { images[row, 1] = 1 }
        var generated = EpochFigures()
        generated.samples = SampledImages(images)
        #expect(Untrained.found(in: generated) == [.oneImage])
        images[1, 1] = 0
        generated.samples = SampledImages(images)
        #expect(Untrained.found(in: generated) == [])
        // Nothing is said of codes and reconstructions that do not exist.
        var other = HeldOutStory(epochs: 4)
        #expect(other.tell(generated, epoch: 1).lines.count == 1)
    }

    @Test("Labels and clusters that have nothing to do with the classes are told, of enough images; beginnings of learning are not")
    func chanceLabels() {
        func labels(of count: Int, right: Int) -> LabelCounts {
            var labels = LabelCounts(entries: 10)
            let logits = Matrix(rows: count, columns: 10)
            let classes = (0..<count).map { UInt8($0 / 10 % 10) }
            // A tenth of each class's images gets each entry, except the images that get their own class's.
            for row in 0..<count { logits[row, row % 100 < right ? Int(classes[row]) : row % 10] = 1 }
            labels.add(logits: logits, labels: classes)
            return labels
        }
        var bad = figures()
        bad.labels = labels(of: 500, right: 0)
        #expect(Untrained.found(in: bad) == [.chanceLabels] && Trained(bad, guesses: nil) == .partly)
        var story = HeldOutStory(epochs: 1)
        let clusters = "the clusters tell nothing of the images' classes: adjusted Rand index "
        #expect(story.tell(bad, epoch: 1).warning?.hasPrefix(clusters) == true)
        bad.isTaught = true
        story = HeldOutStory(epochs: 1)
        #expect(story.tell(bad, epoch: 1).warning?.hasPrefix("the label head tells nothing of the images' classes: ") == true)
        bad.labels = labels(of: 400, right: 0)
        #expect(Untrained.found(in: bad) == [])
        bad.labels = labels(of: 500, right: 30)
        #expect(Untrained.found(in: bad) == [])
    }

    /// Figures of a generator whose samples differ, and explain the share `explained` of held-out images.
    private func generated(explained: Double, byImages: Double = 0.43) -> EpochFigures {
        let images = Matrix(rows: 3, columns: 2)
        (images[0, 0], images[1, 1]) = (1, 1)
        var figures = EpochFigures()
        figures.samples = SampledImages(images)
        figures.sampleMatch = SampleMatch(explained: explained, byImages: byImages, byNoise: 0.03)
        return figures
    }

    @Test(
        "A generator has trained where its samples explain held-out images by a quarter of the way from noise to other images")
    func generator() throws {
        for (explained, troubles, verdict) in [
            (0.015, [.noise], "the model has not trained: "), (0.04, [.noise], "the model has not trained: "),
            (0.115, [.roughImages], "the model has trained in part: "), (0.15, [], "the model has trained: "),
            (0.44, [], "the model has trained: "), (.nan, [.notFinite], "the model has not trained: "),
        ] as [(Double, [Untrained], String)] {
            let figures = generated(explained: explained)
            #expect(Untrained.found(in: figures) == troubles, "\(explained)")
            var story = HeldOutStory(epochs: 1)
            let words = story.tell(figures, epoch: 1)
            #expect(words.verdict?.hasPrefix(verdict) == true, "\(explained): \(words.verdict ?? "")")
            #expect(words.lines.count == 2 && words.lines[0].hasPrefix("figures of samples: explained is "))
            #expect(words.lines[1].hasPrefix("epoch 1/1, samples of the prior: held-out images explained by samples "))
        }
        // Too few images: other images explain no more than noise does.
        var story = HeldOutStory(epochs: 1)
        let few = try #require(story.tell(generated(explained: 0.04, byImages: 0.05), epoch: 1).verdict)
        #expect(few.hasPrefix("whether the model has trained cannot be told by so few held-out images: samples explain 4.000 % "))
    }

    @Test("A generator as its seed made it makes noise, by its own samples and held-out images")
    func untrainedGenerator() throws {
        var configuration = try Recipes.named("gan").configuration()
        configuration.data = DataSettings(set: "glyphs", train: 400, validation: 400)
        let data = try DataSet.open(configuration.data, directory: nil)
        let training = configuration.training(on: data)
        let inference = try Inference(training, tensors: Replica(training).state())
        let heldOut = HeldOut(configuration: configuration, data: data)
        let figures = try heldOut.evaluate(inference, team: ThreadTeam(threads: 2)).figures
        #expect(try figures == heldOut.figures(inference))
        let match = try #require(figures.sampleMatch)
        #expect(match.byImages > 0.2 && match.byNoise < 0.1 && match.explained < match.byNoise)
        #expect(Trained(figures, guesses: true) == .no)
    }

    @Test("Without an adversary nothing is said of its rates")
    func noAdversary() {
        var exploded = figures(by: 682_420)
        var story = HeldOutStory(epochs: 4)
        #expect(story.tell(exploded, epoch: 4).warning?.contains("discriminator") == true)
        exploded.hasAdversary = false
        #expect(story.tell(exploded, epoch: 4).warning?.contains("discriminator") == false)
    }

    @Test(
        "A few images tell little: the prior's own samples are as sparse, and one image is its own mean", arguments: [2, 40, 240])
    func few(count: Int) {
        let sparse = figures(codes: count)
        let match = sparse.match!
        #expect(match.holes.share > 0.4 && abs(match.holes.share - match.holesZero) < 0.1)
        #expect(Untrained.found(in: sparse) == [])
        #expect(figures().match!.holesZero < 0.01)
        var single = ReconstructionError()
        single.add(originals: [7, 255], reconstructions: Matrix(rows: 1, columns: 2))
        let one = Self.evaluator.figures(codes: Self.evaluator.priorSamples(400), reconstruction: single)
        #expect(Untrained.found(in: one) == [])
    }

    @Test("What the terms mean is told once in a run, whoever leads it on")
    func explainedOnce() throws {
        let scratch = Scratch()
        let writer = try MetricsWriter(path: scratch.file("metrics.jsonl"))
        func lines() -> Int {
            var story = HeldOutStory(epochs: 4, metricsPath: scratch.file("metrics.jsonl"))
            return story.tell(figures(), epoch: 2).lines.count
        }
        try writer.write(MetricsTests.step(1))
        try writer.event("epoch", [("validation", "soon")])
        #expect(lines() == 2)
        try writer.write(MetricsTests.epoch)
        for step in 2...2_000 { try writer.write(MetricsTests.step(UInt64(step), epoch: 2)) }
        try writer.close()
        #expect(lines() == 1)
    }

    @Test(
        "Each epoch has its line, the first with what its terms mean; what is usual at first is told from half of the run on, and at its end"
    )
    func story() {
        var story = HeldOutStory(epochs: 4)
        let bad = figures(scale: 0.003)
        let words = (1...4).map { story.tell(bad, epoch: $0) }
        #expect(words.map(\.lines.count) == [2, 1, 1, 1])
        #expect(
            words[0].lines[0].contains("holes is the share")
                && words[1].lines[0].hasPrefix("epoch 2/4, held-out images: reconstruction "))
        #expect(words.map { $0.warning == nil } == [true, false, true, false])
        #expect(words[3].warning?.hasPrefix("the codes have not spread over the prior: mean ") == true)
        #expect(words[3].warning?.contains(", std 0.015, where the prior has ") == true)
        var exploding = HeldOutStory(epochs: 4)
        #expect(exploding.tell(figures(by: 682_420), epoch: 1).warning?.hasPrefix("the codes have exploded: mean 682,4") == true)
        #expect(exploding.tell(figures(), epoch: 4).warning == nil)
    }

    @Test("At the end a line says whether it has trained, by the codes, the images and the discriminator together")
    func verdict() throws {
        let scratch = Scratch()
        /// The line after steps in which the discriminators of this many parts had such a loss.
        func line(_ figures: EpochFigures, loss: Double?, parts: Int = 1) throws -> String {
            let path = scratch.file("metrics-\(UUID().uuidString).jsonl")
            let writer = try MetricsWriter(path: path)
            for step in 1...150 as ClosedRange<UInt64> {
                var metrics = MetricsTests.step(step)
                // What was long ago does not count.
                let value = step > 50 ? loss : 100
                let terms = parts > 1 ? (0..<parts).map { Loss(name: "part \($0)", value: 1) } : []
                metrics.losses = value.map { [Loss(name: "discriminator", value: $0, terms: terms)] } ?? []
                try writer.write(metrics)
            }
            try writer.close()
            var story = HeldOutStory(epochs: 2, metricsPath: path)
            #expect(story.tell(figures, epoch: 1).verdict == nil)
            return try #require(story.tell(figures, epoch: 2).verdict)
        }
        #expect(
            try line(figures(), loss: 1).hasSuffix("; loss of the discriminator 1.000, of mere guessing 1.386"))
        // An equilibrium is no fault where codes tell the images apart.
        #expect(
            try line(figures(), loss: 1.387).hasPrefix(
                "the model has trained: error of an image 0.250, with their mean for all 0.500; "))
        #expect(try line(figures(error: 1), loss: 1.387).hasPrefix("the model has not trained: "))
        for share in [0.5, 1, 5] as [Float] {
            let told = try line(figures(error: share, images: 18), loss: 1)
            #expect(told.hasPrefix("whether the model has trained cannot be told by so few held-out images: error of an image "))
        }
        #expect(try line(figures(scale: .nan, images: 2), loss: 1).hasPrefix("the model has not trained: "))
        #expect(try line(figures(error: 1), loss: 1.2).hasPrefix("the model has trained in part: "))
        #expect(try line(figures(error: 1), loss: 2.76, parts: 2).hasPrefix("the model has not trained: "))
        #expect(try line(figures(error: 1), loss: 1.387, parts: 2).hasPrefix("the model has trained in part: "))
        #expect(try line(figures(error: 1), loss: nil).hasPrefix("the model has not trained: "))
        #expect(try line(figures(scale: 0.003), loss: 1).hasPrefix("the model has trained in part: "))
        // A discriminator can tell codes in one place from the prior, whatever the encoder has learnt.
        #expect(try line(figures(scale: 0.003, error: 1), loss: 0.01).hasPrefix("the model has not trained: "))
        #expect(try line(figures(scale: .nan), loss: 1).hasPrefix("the model has not trained: "))
        var clusters = figures()
        var labels = LabelCounts(entries: 16)
        let logits = Matrix(rows: 14, columns: 16)
        for row in 0..<14 { logits[row, row % 7] = 1 }
        labels.add(logits: logits, labels: (0..<14).map { UInt8($0 % 7) })
        clusters.labels = labels
        #expect(try line(clusters, loss: 1).hasPrefix("the model has trained in part: "))
        #expect(try line(clusters, loss: 1).contains("; 9 of 16 clusters dead; "))
        clusters.isTaught = true
        #expect(try line(clusters, loss: 1).hasPrefix("the model has trained: "))
    }
}
