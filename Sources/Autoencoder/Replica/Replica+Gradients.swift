import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards, Z code, P pixels.

extension Replica {
    /// Computes one phase's gradient of a lane's shards and delivers it to `sink`, tensor by tensor as it is ready.
    ///
    /// A pure function of (state, step, phase, shard): it needs nothing of the phases before (invariant 5 of design
    /// section 5). The encoder's pass is kept in the lane and used again while neither step nor encoder change, which
    /// serves both halves of the regularization phase and a phase that is run again. Runs on the lane's thread, which
    /// must flush denormals (`ThreadTeam`).
    ///
    /// - Returns: one report a shard, in order.
    public func computeGradients(phase: Int, lane: Lane, sink: any GradientSink) -> [ShardReport] {
        precondition(lane.step == step, "the lane holds the images of another step")
        precondition(FloatingPoint.modesAreSet, "a compute thread must flush denormals")
        lane.prepare()
        let reports = zip(lane.blocks.shards, lane.blocks.ranges).map {
            ShardReport(shard: $0, phase: phase, rows: $1.count)
        }
        switch states[phase].kind {
        case .reconstruction: return reconstruct(lane, sink, reports)
        case .discriminator: return discriminate(lane, sink, reports)
        case .generator: return generate(lane, sink, reports)
        }
    }

    /// (B, Z): the codes of the corrupted images, computed once for each state of the encoder.
    private func codes(_ lane: Lane) -> Matrix {
        let pass = EncoderPass(step: step, version: encoderVersion)
        if lane.encoderPass != pass {
            model.encoder.forward(lane.input, into: lane.encoder, blocks: lane.blocks)
            lane.encoderPass = pass
        }
        return lane.encoder.output(rows: lane.blocks.rows)
    }

    /// Encoder and decoder: the reconstruction error of the clean images.
    private func reconstruct(_ lane: Lane, _ sink: any GradientSink, _ empty: [ShardReport]) -> [ShardReport] {
        var reports = empty
        let code = codes(lane)
        let logits = model.decoder.forward(code, into: lane.decoder, blocks: lane.blocks)
        let loss = settings.reconstructionLoss
        for (index, rows) in lane.blocks.ranges.enumerated() {
            let sums = loss.gradient(logits: logits.rows(rows), target: lane.target.rows(rows))
            reports[index].loss = sums.loss
            reports[index].pixelError = sums.squaredError
            reports[index].codeSum = Sums.sum(code.rows(rows).values)
            reports[index].codeSumOfSquares = Sums.sumOfSquares(code.rows(rows).values)
        }
        let codeGradient = lane.codeGradient.matrix(rows: lane.blocks.rows)
        model.decoder.backward(
            logits, input: code, activations: lane.decoder, blocks: lane.blocks, scratch: lane.scratch,
            inputGradient: codeGradient,
            delivery: Delivery(sink: sink, firstTensor: model.encoder.layout.tensors.count))
        stepEncoder(codeGradient, lane, sink)
        return reports
    }

    /// Each adversary: prior samples are real, codes fake; the loss is the sum of the two halves' means.
    private func discriminate(_ lane: Lane, _ sink: any GradientSink, _ empty: [ShardReport]) -> [ShardReport] {
        var reports = empty
        let halves = lane.blocks.scaled(by: 2)
        let input = realAndFake(lane, halves)
        var firstTensor = phases[reports.first?.phase ?? 0].tensors.count
        for adversary in model.adversaries.reversed() {
            firstTensor -= adversary.network.layout.tensors.count
            let logits = adversary.network.forward(input, into: lane.adversary, blocks: halves)
            for (index, rows) in halves.ranges.enumerated() {
                let middle = rows.lowerBound + rows.count / 2
                reports[index].loss += AdversarialLoss.gradient(logits: logits.rows(rows.lowerBound..<middle), real: true)
                reports[index].loss += AdversarialLoss.gradient(logits: logits.rows(middle..<rows.upperBound), real: false)
            }
            adversary.network.backward(
                logits, input: input, activations: lane.adversary, blocks: halves, scratch: lane.scratch,
                inputGradient: nil, delivery: Delivery(sink: sink, firstTensor: firstTensor))
        }
        return reports
    }

    /// (2B, Z): of each shard first its prior samples, then its codes.
    private func realAndFake(_ lane: Lane, _ halves: RowBlocks) -> Matrix {
        let code = codes(lane)
        let input = lane.adversaryInput.matrix(rows: halves.rows)
        let source = RandomSource(seed: settings.seed, purpose: .prior, step: step)
        for (index, (rows, pair)) in zip(lane.blocks.ranges, halves.ranges).enumerated() {
            let middle = pair.lowerBound + rows.count
            settings.prior.sample(
                into: input.rows(pair.lowerBound..<middle), source: source, firstRow: lane.firstRows[index])
            input.rows(middle..<pair.upperBound).values.copy(from: code.rows(rows).values)
        }
        return input
    }

    /// The encoder: −log D of its codes, through every adversary, which stays as it is.
    private func generate(_ lane: Lane, _ sink: any GradientSink, _ empty: [ShardReport]) -> [ShardReport] {
        var reports = empty
        let code = codes(lane)
        let codeGradient = lane.codeGradient.matrix(rows: lane.blocks.rows)
        let part = lane.adversaryInput.matrix(rows: lane.blocks.rows)
        codeGradient.values.fill(0)
        for adversary in model.adversaries {
            let logits = adversary.network.forward(code, into: lane.adversary, blocks: lane.blocks)
            for (index, rows) in lane.blocks.ranges.enumerated() {
                reports[index].loss += AdversarialLoss.gradient(logits: logits.rows(rows), real: true)
            }
            adversary.network.backward(
                logits, input: code, activations: lane.adversary, blocks: lane.blocks, scratch: lane.scratch,
                inputGradient: part, delivery: nil)
            for rows in lane.blocks.ranges {
                Elementwise.axpy(1, part.rows(rows).values, into: codeGradient.rows(rows).values)
            }
        }
        stepEncoder(codeGradient, lane, sink)
        return reports
    }

    private func stepEncoder(_ codeGradient: Matrix, _ lane: Lane, _ sink: any GradientSink) {
        model.encoder.backward(
            codeGradient, input: lane.input, activations: lane.encoder, blocks: lane.blocks, scratch: lane.scratch,
            inputGradient: nil, delivery: Delivery(sink: sink, firstTensor: 0))
    }
}
