import Kernels
import Layers

/// A trained model's computation from inputs to outputs, value by value with all weights, for export to other software.
///
/// Shapes: N rows, P pixels, Z code, K labels; each value is (N, columns).
public struct InferenceProgram: Sendable {
    /// What the program is given.
    public enum Input: String, Sendable {
        /// (N, P), 0 to 1.
        case image
        /// (N, Z), or (N, width) of a universal approximator: standard normal numbers of a stochastic posterior.
        case noise
        /// (N, Z).
        case code
        /// (N, K): a one-hot, or a softmax's.
        case label
    }

    /// What the program computes, in the order of `outputs`.
    public enum Output: String, Sendable {
        case code, label, representation, mean
        case logVariance = "log_variance"
        case image
    }

    /// How a value is computed from its inputs.
    public enum Step: Sendable {
        case input(Input)
        /// `scale` multiplies each column by its number and `shift` adds it; a single number holds for all columns.
        case scale([Float])
        case shift([Float])
        /// x Wᵀ + b; `weight` (columns, columns of x). Its tensors' names begin with `name`.
        case dense(name: String, weight: Matrix, bias: Slice<Float>?)
        /// γ (x − mean) / √(variance + 1e-5) + β, each (columns).
        case normalise(name: String, norm: BatchNorm, moments: ColumnMoments)
        case rectify
        case columns(Range<Int>)
        case join, add, softmax, sigmoid
        /// μ + e^(½ log σ²) ε of μ, log σ² and ε.
        case sample
    }

    public struct Value: Sendable {
        public let step: Step
        /// Places among the values, all before its own.
        public let inputs: [Int]
        public let columns: Int
    }

    /// Each after its inputs.
    public internal(set) var values: [Value] = []
    /// No two outputs are the same value.
    public internal(set) var outputs: [(name: Output, value: Int)] = []

    /// The epsilon of `normalise`.
    public static let epsilon: Float = 1e-5

    mutating func add(_ step: Step, _ inputs: [Int], columns: Int) -> Int {
        values.append(Value(step: step, inputs: inputs, columns: columns))
        return values.count - 1
    }
}

extension Inference {
    /// From images to codes and all else that `read` gives, the label as a softmax; nil where no image is encoded.
    public var encoderProgram: InferenceProgram? {
        guard canEncode else { return nil }
        var writer = ProgramWriter(model: model, population: population, standardisation: settings.standardisation)
        let outputs = model.composition.outputs
        let value = writer.write(
            [Composition.Output.code, .label, .head, .representation].compactMap { outputs[$0] })
        func add(_ name: InferenceProgram.Output, _ at: Int?) {
            if let at { writer.program.outputs.append((name, at)) }
        }
        add(.code, outputs[.code].flatMap { value[$0] })
        add(.label, outputs[.label].flatMap { value[$0] }.map { writer.softmax(of: $0) })
        add(.representation, outputs[.representation].flatMap { value[$0] })
        if let head = outputs[.head].flatMap({ value[$0] }) {
            let width = settings.model.code
            add(.mean, writer.columns(0..<width, of: head))
            add(.logVariance, writer.columns(width..<2 * width, of: head))
        }
        return writer.program
    }

    /// From codes, and labels where `decodedLabels` is not nil, to images as `decode` gives them.
    public var decoderProgram: InferenceProgram {
        var writer = ProgramWriter(model: model, population: population, standardisation: settings.standardisation)
        guard let node = model.composition.outputs[.image], let logits = writer.write([node])[node] else {
            preconditionFailure("a model without images")
        }
        let image = settings.model.output == .sigmoid ? writer.sigmoid(of: logits) : logits
        writer.program.outputs = [(.image, writer.put(image))]
        return writer.program
    }
}

/// Turns a part of the graph, as it is after training, into a program.
private struct ProgramWriter {
    let model: Model
    let population: [NormPlace: ColumnMoments]
    let standardisation: Standardisation?
    var program = InferenceProgram()
    private var softmaxes: [Int: Int] = [:]
    private var parts: [Int: [Range<Int>: Int]] = [:]

    init(model: Model, population: [NormPlace: ColumnMoments], standardisation: Standardisation?) {
        self.standardisation = standardisation
        self.model = model
        self.population = population
    }

    /// Writes the nodes and all that they need; returns the place of each in the program.
    mutating func write(_ nodes: [Node]) -> [Node: Int] {
        var places: [Node: Int] = [:]
        for node in model.composition.graph.order(for: nodes) {
            let vertex = model.composition.graph[node]
            places[node] = write(vertex, vertex.inputs.map { places[$0]! })
        }
        return places
    }

    private mutating func write(_ vertex: Graph.Vertex, _ inputs: [Int]) -> Int {
        func add(_ step: InferenceProgram.Step) -> Int { program.add(step, inputs, columns: vertex.columns) }
        switch vertex.operation {
        case .image: return standardised(add(.input(.image)))
        case .given(.code): return add(.input(.code))
        case .given(.label): return add(.input(.label))
        case .noise(_, let std):
            let noise = add(.input(.noise))
            return std == 1 ? noise : program.add(.scale([Float(std)]), [noise], columns: vertex.columns)
        case .dense(let network, let layer, let isRectified):
            let dense = model.networks[network].dense(layer, isRectified: isRectified)
            let name = "\(model.composition.networks[network].name).\(layer)"
            let value = add(.dense(name: name, weight: dense.weight, bias: dense.bias))
            return isRectified ? program.add(.rectify, [value], columns: vertex.columns) : value
        case .normalise(let network, let layer, _):
            guard let moments = population[NormPlace(network: network, layer: layer)] else {
                preconditionFailure("a norm without moments")
            }
            return add(
                .normalise(
                    name: "\(model.composition.networks[network].name).\(layer)", norm: model.networks[network].norm(layer),
                    moments: moments))
        case .rectify: return add(.rectify)
        case .columns(let range): return columns(range, of: inputs[0])
        case .join: return add(.join)
        case .add: return add(.add)
        case .softmax: return softmax(of: inputs[0])
        case .sigmoid: return add(.sigmoid)
        case .posterior:
            let width = vertex.columns
            let (mean, logVariance) = (columns(0..<width, of: inputs[0]), columns(width..<2 * width, of: inputs[0]))
            return program.add(.sample, [mean, logVariance, inputs[1]], columns: width)
        case .label, .corrupt, .drop, .prior, .stack:
            preconditionFailure("\(vertex.operation) is of training alone")
        }
    }

    /// Columns of a value, written once.
    mutating func columns(_ range: Range<Int>, of value: Int) -> Int {
        if let known = parts[value]?[range] { return known }
        let part = program.add(.columns(range), [value], columns: range.count)
        parts[value, default: [:]][range] = part
        return part
    }

    /// The softmax of a value, written once.
    mutating func softmax(of value: Int) -> Int {
        if let known = softmaxes[value] { return known }
        let soft = program.add(.softmax, [value], columns: program.values[value].columns)
        softmaxes[value] = soft
        return soft
    }

    /// Images of 0 to 1 as the networks see them.
    private mutating func standardised(_ image: Int) -> Int {
        guard let standardisation else { return image }
        let columns = standardisation.pixels
        let centred = program.add(.shift(standardisation.mean.map { -$0 }), [image], columns: columns)
        return program.add(.scale(standardisation.std.map { 1 / $0 }), [centred], columns: columns)
    }

    /// The networks' images with the standardisation undone.
    mutating func put(_ image: Int) -> Int {
        guard let standardisation else { return image }
        let columns = standardisation.pixels
        let scaled = program.add(.scale(standardisation.std), [image], columns: columns)
        return program.add(.shift(standardisation.mean), [scaled], columns: columns)
    }

    mutating func sigmoid(of value: Int) -> Int {
        program.add(.sigmoid, [value], columns: program.values[value].columns)
    }
}
