import Kernels
import Layers

/// Everything another implementation needs to check one step (README, "Checking it with other software").
///
/// `input.images`, `input.labels`, `noise.input`, `prior.code`; for each phase `phase.PHASE.loss`, and by tensor `phase.PHASE.before.NAME`, `.gradient.NAME`
/// (divided by B, as the optimizer saw it), `.after.NAME`. Beyond the contract: where images are standardised, `input.mean`, `input.std`, by pixel; for the
/// update: `phase.PHASE.rate` and `phase.PHASE.before.optimizer.STATE.NAME`; for units whose sign fp32 cannot be sure of: `phase.PHASE.active.NETWORK.LAYER`
/// (rows, units), 1 where a ReLU let its input pass (for the discriminator phase with `.real` and `.fake`).
public final class ReplayCapture {
    public private(set) var tensors: [Tensor] = []

    /// The name of the tensor of the step's labels; data without labels has none.
    public static let labelsName = "input.labels"

    public init() {}

    /// The step's images and what was drawn for them: every noise, mask and sample of a prior, by its name.
    func captureInputs(_ replica: Replica, _ images: [Stream: [ShardImages]]) {
        let (settings, model) = (replica.settings, replica.model)
        let ordered = images.mapValues { $0.sorted { $0.shard < $1.shard } }
        for (stream, suffix) in [(Stream.images, ""), (.labelled, ".labelled")] {
            guard let shards = ordered[stream], settings.mostRows(of: stream) > 0 else { continue }
            let rows = settings.minibatchSize(of: stream, ofStep: replica.step)
            add("input.images\(suffix)", [rows, settings.pixels], TensorValues(shards.flatMap(\.images)))
            add("\(Self.labelsName)\(suffix)", [rows], TensorValues(shards.flatMap(\.labels)))
        }
        if let standardisation = settings.standardisation {
            add("input.mean", [settings.pixels], TensorValues(standardisation.mean))
            add("input.std", [settings.pixels], TensorValues(standardisation.std))
        }
        let graph = model.composition.graph
        let vertices = graph.order(for: model.programs.flatMap(\.forward)).map { graph[$0] }
        if !vertices.contains(where: { $0.draw?.name == "noise.input" }) {
            let rows = settings.minibatchSize(ofStep: replica.step)
            add("noise.input", [rows, settings.pixels], .f32(Matrix(rows: rows, columns: settings.pixels).values))
        }
        for vertex in vertices {
            guard let draw = vertex.draw, let shards = ordered[vertex.stream] else { continue }
            let values = Matrix(rows: settings.minibatchSize(of: vertex.stream, ofStep: replica.step), columns: vertex.columns)
            vertex.fill(values, settings: settings, step: replica.step, firstRow: 0, labels: shards.flatMap(\.labels))
            add(draw.name, [values.rows, values.columns], .f32(values.values))
        }
    }

    /// The phase's parameters before (`before`) or after (`after`) its update.
    func captureParameters(_ replica: Replica, phase: Int, moment: String) {
        let state = replica.states[phase]
        for (tensor, values) in zip(state.description.tensors, state.parameters) {
            add("phase.\(state.description.name).\(moment).\(tensor.name)", tensor.shape, TensorValues(values.array))
        }
    }

    /// What the phase's update starts from beside the parameters: its rate and its optimizer's state.
    func captureOptimizer(_ replica: Replica, phase: Int) {
        let state = replica.states[phase]
        let name = "phase.\(state.description.name)"
        add("\(name).rate", [1], TensorValues([replica.settings.rate(phase: state.description.name, step: replica.step)]))
        for (kind, buffer) in zip(state.optimizerSettings.stateNames, state.optimizer) {
            for tensor in state.description.tensors {
                add("\(name).before.optimizer.\(kind).\(tensor.name)", tensor.shape, TensorValues(buffer[tensor.range].array))
            }
        }
        if let powers = state.betaPowers { add("\(name).before.optimizer.beta_powers", [2], TensorValues(powers.all.array)) }
    }

    /// The phase's reduced gradient, and its loss as a mean over the minibatch.
    func captureGradient(_ replica: Replica, phase: Int, change: ExponentChange, loss: Double) {
        let state = replica.states[phase]
        let name = state.description.name
        add("phase.\(name).loss", [1], TensorValues([loss]))
        for (tensor, exponent) in zip(state.description.tensors, change.used) {
            let gradient = Storage<Float>(count: tensor.count).all
            let unit = ExactSum.unit(
                exponent: exponent == ExactRule.none ? 0 : Int(exponent), bits: replica.settings.gradientBits)
            Update.gradient(
                sum: state.sum[tensor.range], unit: unit, minibatch: Float(replica.minibatch(ofPhase: phase)), into: gradient)
            add("phase.\(name).gradient.\(tensor.name)", tensor.shape, .f32(gradient))
        }
    }

    func add(_ name: String, _ shape: [Int], _ values: TensorValues) {
        tensors.append(Tensor(name: name, shape: shape, values: values))
    }
}
