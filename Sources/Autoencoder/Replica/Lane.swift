import Kernels
import Layers

/// Which encoder pass a lane holds.
struct EncoderPass: Equatable {
    let step: UInt64
    /// The replica's count of changes to the encoder.
    let version: UInt64
}

/// One thread's share of a worker: contiguous shards and the workspaces for their rows, reused by all phases.
public final class Lane: @unchecked Sendable {
    /// Numbers in the global minibatch.
    public let shards: Range<Int>
    /// The step whose images the lane holds, counted from 0.
    public private(set) var step: UInt64?

    private(set) var blocks = RowBlocks(shards: [], counts: [])
    /// Each shard's first row in the global minibatch.
    private(set) var firstRows: [Int] = []
    var encoderPass: EncoderPass?

    let encoder: Activations
    let decoder: Activations
    /// For prior samples and codes together: twice the rows.
    let adversary: Activations
    let adversaryInput: Workspace
    let codeGradient: Workspace
    let scratch: BackwardScratch

    private let settings: TrainingSettings
    private let clean: Workspace
    private let corrupted: Workspace?
    private var images: [ShardImages] = []
    private var isPrepared = false

    init(shards: Range<Int>, settings: TrainingSettings, model: Model) {
        self.shards = shards
        self.settings = settings
        let most = ShardGeometry.mostRows(minibatch: settings.minibatch, shards: settings.shards)
        let rows = RowBlocks.capacity(blocks: shards.count, rows: most)
        let pairs = RowBlocks.capacity(blocks: shards.count, rows: 2 * most)
        clean = Workspace(columns: settings.pixels, capacity: rows)
        corrupted = settings.inputNoise == 0 ? nil : Workspace(columns: settings.pixels, capacity: rows)
        encoder = Activations(widths: model.encoder.widths, capacity: rows)
        decoder = Activations(widths: model.decoder.widths, capacity: rows)
        adversary = Activations(widths: settings.model.discriminatorWidths, capacity: pairs)
        adversaryInput = Workspace(columns: settings.model.code, capacity: pairs)
        codeGradient = Workspace(columns: settings.model.code, capacity: rows)
        let hidden = model.networks.flatMap { $0.widths.dropFirst().dropLast() }
        let tensors = model.networks.flatMap { $0.layout.tensors.map(\.count) }
        scratch = BackwardScratch(width: hidden.max() ?? 1, capacity: pairs, tensor: tensors.max() ?? 1)
    }

    /// Gives the lane a step's images. They are converted when the step's first phase runs, on the lane's thread.
    ///
    /// - Parameters:
    ///   - step: counted from 0.
    ///   - minibatch: B of that step.
    ///   - images: those of the lane's shards in any order; others are ignored.
    public func load(step: UInt64, minibatch: Int, images: [ShardImages]) {
        precondition(minibatch <= settings.minibatch, "a minibatch of \(minibatch) in workspaces for \(settings.minibatch)")
        self.step = step
        self.images = shards.map { shard in
            guard let image = images.first(where: { $0.shard == shard }) else {
                preconditionFailure("no images of shard \(shard)")
            }
            let rows = ShardGeometry.rows(ofShard: shard, minibatch: minibatch, shards: settings.shards)
            precondition(image.rows == rows, "shard \(shard) has rows \(image.rows), expected \(rows)")
            precondition(image.images.count == rows.count * settings.pixels, "shard \(shard): images of another size")
            return image
        }
        blocks = RowBlocks(shards: Array(shards), counts: self.images.map(\.rows.count))
        firstRows = self.images.map(\.rows.lowerBound)
        isPrepared = false
        encoderPass = nil
    }

    /// (B, P): what the encoder sees; B, here and below, with the rows between the blocks.
    var input: Matrix { (corrupted ?? clean).matrix(rows: blocks.rows) }

    /// (B, P): the clean images.
    var target: Matrix { clean.matrix(rows: blocks.rows) }

    /// Converts the images and draws the input noise, once a step. Both reconstruction and regularization see this draw.
    func prepare() {
        if isPrepared { return }
        for (image, rows) in zip(images, blocks.ranges) where !rows.isEmpty {
            let clean = target.rows(rows)
            Elementwise.bytesToUnit(image.images[...], into: clean.values)
            guard corrupted != nil else { continue }
            let corrupted = input.rows(rows)
            settings.fillInputNoise(corrupted, step: step!, firstRow: image.rows.lowerBound)
            Elementwise.axpy(1, clean.values, into: corrupted.values)
        }
        images = []
        isPrepared = true
    }
}

extension TrainingSettings {
    /// Draws the input noise of some rows of a step's minibatch.
    ///
    /// - Parameters:
    ///   - noise: (rows, pixels), overwritten.
    ///   - firstRow: its first row in the global minibatch.
    func fillInputNoise(_ noise: Matrix, step: UInt64, firstRow: Int) {
        RandomSource(seed: seed, purpose: .inputNoise, step: step)
            .fillNormal(noise, firstRow: firstRow, std: Float(inputNoise))
    }
}
