import Autoencoder
import Evaluation
import Glibc
import Kernels
import Synchronization
import Testing

@Suite struct CodeStatisticsTests {
    @Test("Mean and standard deviation by hand")
    func byHand() {
        let codes = CodeStatistics(matrix([[1, 10], [3, 10]], columns: 2))
        #expect(codes.meanByDimension == [2, 10] && codes.stdByDimension == [1, 0])
        #expect(codes.mean == 6)
        #expect(abs(codes.std - (66.0 / 4).squareRoot()) < 1e-12)
    }

    @Test("A large mean costs the standard deviation no digits")
    func offset() {
        let codes = CodeStatistics(matrix((0..<1000).map { [100_000 + Float($0 % 2)] }, columns: 1))
        #expect(codes.std == 0.5)
    }

    @Test("No codes have no mean")
    func nothing() {
        let codes = CodeStatistics(Matrix(rows: 0, columns: 3))
        #expect(codes.mean.isNaN && codes.std.isNaN && codes.meanByDimension.allSatisfy(\.isNaN))
    }
}

@Suite struct ReconstructionErrorTests {
    @Test("Errors by hand, the same in one block as in two")
    func byHand() {
        let originals: [UInt8] = [0, 255, 51, 0]
        let decoded = matrix([[0.5, 1], [0.2, 1]], columns: 2)
        var whole = ReconstructionError()
        whole.add(originals: originals, reconstructions: decoded)
        var parts = ReconstructionError()
        parts.add(originals: [0, 255], reconstructions: decoded.rows(0..<1))
        parts.add(originals: [51, 0], reconstructions: decoded.rows(1..<2))
        parts.add(originals: [], reconstructions: decoded.rows(0..<0))
        #expect(whole == parts)
        #expect(whole.images == 2)
        #expect(abs(whole.squared - 1.25 / 2) < 1e-7)
        #expect(abs(whole.halfSquared - 1.25 / 4) < 1e-7)
        // Their mean is (0.1, 0.5).
        #expect(abs(whole.halfSquaredOfMean - 0.52 / 4) < 1e-12)
    }

    @Test("No images have no error")
    func nothing() {
        #expect(ReconstructionError().halfSquared.isNaN)
    }
}

@Suite struct EvaluatorTests {
    /// A model whose parameters come from a counter, small enough for a test.
    private func inference(code: Int, pixels: Int) throws -> Inference {
        let model = ModelSettings(
            encoder: [16], decoder: [16], discriminator: [], code: code, output: .sigmoid, initialisation: .normal)
        let widths = [("encoder", [pixels, 16, code]), ("decoder", [code, 16, pixels])]
        var tensors: [Tensor] = []
        var state: UInt64 = 42
        for (network, sizes) in widths {
            for layer in 0..<2 {
                for (name, shape) in [("weight", [sizes[layer + 1], sizes[layer]]), ("bias", [sizes[layer + 1]])] {
                    let values = (0..<shape.reduce(1, *)).map { _ in
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        return Float(state >> 40) / 16_777_216 - 0.5
                    }
                    tensors.append(Tensor(name: "\(network).\(layer).\(name)", shape: shape, values: .f32(Slice(values))))
                }
            }
        }
        let settings = TrainingSettings(
            model: model, cost: .halfSquaredError, prior: .gaussian(std: 1), inputNoise: 0, phases: [:], average: 0,
            gradientBits: 31,
            minibatch: 1, shards: 1, seed: 0, pixels: pixels, trainingImages: 1)
        return try Inference(settings, tensors: tensors)
    }

    private func images(_ range: Range<Int>, pixels: Int) -> [UInt8] {
        range.flatMap { image in (0..<pixels).map { UInt8(truncatingIfNeeded: (image &* 2_654_435_761 &+ $0 &* 40_503) >> 5) } }
    }

    @Test("Figures in blocks are those of all images at once, by however many threads", arguments: [1, 99, 1_000, 2_345], [1, 3])
    func blocks(count: Int, threads: Int) throws {
        let pixels = 12
        let inference = try inference(code: 2, pixels: pixels)
        let evaluator = Evaluator(prior: .gaussian(std: 1), codeSize: 2, seed: 7)
        let ranges = Mutex<[Range<Int>]>([])
        let found = try evaluator.evaluate(inference, count: count, team: ThreadTeam(threads: threads)) { range in
            ranges.withLock { $0.append(range) }
            return images(range, pixels: pixels)
        }
        let asked = ranges.withLock { $0 }
        #expect(try found.figures == evaluator.evaluate(inference, count: count) { images($0, pixels: pixels) }.figures)
        let all = images(0..<count, pixels: pixels)
        let codes = inference.encode(all, firstRow: 0)
        #expect(found.codes?.values.array == codes.values.array)
        #expect(asked.map(\.count).reduce(0, +) == count && asked.allSatisfy { $0.count <= Evaluator.blockImages })
        var error = ReconstructionError()
        error.add(originals: all, reconstructions: inference.decode(codes))
        #expect(abs(found.figures.reconstruction!.halfSquared - error.halfSquared) < 1e-9)
        #expect(found.figures.match?.code == CodeStatistics(codes))
        #expect(found.figures.match?.holes == Holes(codes, in: PriorSettings.gaussian(std: 1).cells(codeSize: 2)))
        #expect(found.figures.match!.energyDistance >= 0 && found.figures.match!.energyZero >= 0)
    }

    @Test("The same seed gives the same figures")
    func deterministic() throws {
        let inference = try inference(code: 2, pixels: 12)
        let figures = try (0..<2).map { _ in
            try Evaluator(prior: .swissRoll(thickness: 0.1), codeSize: 2, seed: 3).evaluate(inference, count: 300) {
                images($0, pixels: 12)
            }.figures
        }
        #expect(figures[0] == figures[1])
    }

    @Test(
        "Codes that are samples of the prior match it",
        arguments: [(PriorSettings.gaussian(std: 5), 2), (.gaussian(std: 5), 8), (.uniform(low: -2, high: 2), 2)])
    func matching(prior: PriorSettings, codeSize: Int) throws {
        let evaluator = Evaluator(prior: prior, codeSize: codeSize, seed: 1)
        let figures = evaluator.figures(
            codes: samples(prior, codeSize, count: 10_000, seed: 2), reconstruction: ReconstructionError())
        let match = try #require(figures.match)
        #expect(match.holes.share == 0)
        #expect(match.energyDistance < 3 * match.energyZero && match.energyZero < 3 * match.energyDistance)
    }

    @Test("Nothing to evaluate gives no figures and no crash")
    func nothing() throws {
        let evaluator = Evaluator(prior: .gaussian(std: 1), codeSize: 2, seed: 7)
        let found = try evaluator.evaluate(inference(code: 2, pixels: 12), count: 0) { _ in [] }
        #expect(
            found.codes?.rows == 0 && found.figures.match?.holes.share == 1 && found.figures.match?.energyDistance.isNaN == true)
    }
}

@Suite struct PriorWalkTests {
    @Test("A walk has a code for every place of its grid", arguments: priorsUnderTest)
    func shape(prior: PriorSettings, codeSize: Int) {
        let walk = prior.walk(codeSize: codeSize, rows: 6, columns: 9)
        #expect(walk.columns == 9 && walk.dimensions == codeSize)
        #expect(walk.codes.count == walk.rows * walk.columns * codeSize)
        #expect(walk.codes.allSatisfy(\.isFinite) && !walk.caption.isEmpty)
        #expect(walk.horizontal.isEmpty || walk.horizontal.count == 9)
        #expect(walk.vertical.isEmpty || walk.vertical.count == walk.rows)
    }

    @Test("A Gaussian is walked at parts of equal probability, to the right and upwards")
    func gaussian() {
        let walk = PriorSettings.gaussian(std: 5).walk(codeSize: 3, rows: 2, columns: 2)
        let step = Float(5 * NormalDistribution.quantile(0.75))
        #expect(walk.codes == [-step, step, 0, step, step, 0, -step, -step, 0, step, -step, 0])
        #expect(walk.horizontal == [-5 * NormalDistribution.quantile(0.75), 5 * NormalDistribution.quantile(0.75)])
    }

    @Test("A grid over a petal has its axis in the middle, lies in the petal, and is the same in every petal's own frame")
    func petals() throws {
        let prior = PriorSettings.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        let parts = try #require(prior.parts(classes: 10))
        let walk = prior.walk(codeSize: 2, rows: 1, columns: 7)
        for petal in 0..<10 {
            let grid = try #require(prior.grid(ofPart: petal, rows: 5, columns: 7))
            #expect(grid.rows == 5 && grid.columns == 7 && grid.dimensions == 2)
            let axis = zip(grid.codes[2 * 14..<2 * 21], walk.codes[14 * petal..<14 * (petal + 1)])
            #expect(axis.allSatisfy { abs($0 - $1) < 1e-6 })
            let codes = Matrix(Slice(grid.codes), rows: 35, columns: 2)
            let outer = codes.row(20)
            #expect(parts.part(of: outer) == petal)
            let turn = -2 * Float.pi * Float(petal) / 10
            let (first, own) = (try #require(prior.grid(ofPart: 0, rows: 5, columns: 7)).codes, grid.codes)
            for at in stride(from: 0, to: own.count, by: 2) {
                #expect(abs(own[at] * cos(turn) - own[at + 1] * sin(turn) - first[at]) < 1e-5)
                #expect(abs(own[at] * sin(turn) + own[at + 1] * cos(turn) - first[at + 1]) < 1e-5)
            }
        }
        #expect(prior.grid(ofPart: 10, rows: 2, columns: 2) == nil && prior.grid(ofPart: -1, rows: 2, columns: 2) == nil)
        #expect(PriorSettings.gaussian(std: 5).grid(ofPart: 0, rows: 2, columns: 2) == nil)
        #expect(PriorSettings.swissRoll(thickness: 0.1).grid(ofPart: 0, rows: 2, columns: 2) == nil)
    }

    @Test("A walk along the roll lies on it")
    func roll() {
        let prior = PriorSettings.swissRoll(thickness: 0.01)
        let walk = prior.walk(codeSize: 2, rows: 40, columns: 50)
        let codes = Matrix(Slice(walk.codes), rows: 2_000, columns: 2)
        let drawn = samples(prior, 2, count: 2_000, seed: 1)
        let zero = EnergyDistance.between(samples(prior, 2, count: 2_000, seed: 2), drawn)
        #expect(EnergyDistance.between(codes, drawn) < 2 * zero)
    }

    @Test("A walk visits cells all over the prior", arguments: priorsUnderTest)
    func coverage(prior: PriorSettings, codeSize: Int) throws {
        let cells = try cells(of: prior, codeSize)
        let walk = prior.walk(codeSize: codeSize)
        let codes = matrix([walk.codes], columns: walk.codes.count)
        let visited = stride(from: 0, to: walk.codes.count, by: codeSize).map {
            cells.cell(of: codes.values[$0..<$0 + codeSize])
        }
        #expect(!visited.contains(nil))
        #expect(Set(visited).count >= 10)
    }
}
