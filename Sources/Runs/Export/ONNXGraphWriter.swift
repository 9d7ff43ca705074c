import Autoencoder
import Foundation
import Kernels
import Layers

/// Writes a program as nodes of the standard's own operators.
struct ONNXGraphWriter {
    var graph = ONNXGraph()
    private(set) var inputs: [(name: String, columns: Int)] = []
    private let program: InferenceProgram
    /// What each value is called: an input or output by its own name.
    private var names: [String]
    private var constants: Set<String> = []

    init(_ program: InferenceProgram) {
        self.program = program
        names = program.values.indices.map { "value.\($0)" }
        for (name, value) in program.outputs { names[value] = name.rawValue }
    }

    mutating func write() {
        for (index, value) in program.values.enumerated() { write(value, index) }
        graph.output = program.outputs.map { name, value in
            Self.info(name.rawValue, columns: program.values[value].columns, Self.meaning(of: name))
        }
    }

    private mutating func write(_ value: InferenceProgram.Value, _ index: Int) {
        let from = value.inputs.map { names[$0] }
        func node(_ type: String, _ inputs: [String], _ attributes: [ONNXAttribute] = []) {
            add(type, inputs, to: names[index], attributes)
        }
        switch value.step {
        case .input(let input):
            names[index] = input.rawValue
            inputs.append((input.rawValue, value.columns))
            graph.input.append(Self.info(input.rawValue, columns: value.columns, Self.meaning(of: input)))
        case .scale(let factors): node("Mul", from + [constant("\(names[index]).factor", factors, [factors.count])])
        case .shift(let offsets): node("Add", from + [constant("\(names[index]).offset", offsets, [offsets.count])])
        case .dense(let name, let weight, let bias):
            let weights = constant("\(name).weight", weight.values.array, [weight.rows, weight.columns])
            let biases = bias.map { [constant("\(name).bias", $0.array, [value.columns])] } ?? []
            node("Gemm", from + [weights] + biases, [Self.attribute("transB", integer: 1)])
        case .normalise(let name, let norm, let moments):
            let parts = [
                ("gamma", norm.gamma), ("beta", norm.beta), ("mean", moments.mean), ("variance", moments.variance),
            ].map { constant("\(name).\($0)", $1.array, [value.columns]) }
            node("BatchNormalization", from + parts, [Self.attribute("epsilon", real: InferenceProgram.epsilon)])
        case .rectify: node("Relu", from)
        case .columns(let range):
            let bounds = [("starts", range.lowerBound), ("ends", range.upperBound), ("axes", 1)].map {
                constant("\(names[index]).\($0)", [Int64($1)])
            }
            node("Slice", from + bounds)
        case .join: node("Concat", from, [Self.attribute("axis", integer: 1)])
        case .add: node("Add", from)
        case .softmax: node("Softmax", from, [Self.attribute("axis", integer: 1)])
        case .sigmoid: node("Sigmoid", from)
        case .sample:
            let name = names[index]
            add("Mul", [from[1], constant("\(name).half", [0.5], [])], to: "\(name).half-log-variance")
            add("Exp", ["\(name).half-log-variance"], to: "\(name).std")
            add("Mul", ["\(name).std", from[2]], to: "\(name).offset")
            node("Add", [from[0], "\(name).offset"])
        }
    }

    private mutating func add(_ type: String, _ inputs: [String], to output: String, _ attributes: [ONNXAttribute] = []) {
        var node = ONNXNode()
        node.opType = type
        node.name = "make \(output)"
        node.input = inputs
        node.output = [output]
        node.attribute = attributes
        graph.node.append(node)
    }

    // MARK: Constants

    private mutating func constant(_ name: String, _ values: [Float], _ shape: [Int]) -> String {
        let data = values.withUnsafeBytes { Data($0) }
        return constant(name, .float32, data, shape)
    }

    private mutating func constant(_ name: String, _ values: [Int64]) -> String {
        constant(name, .int64, values.withUnsafeBytes { Data($0) }, [values.count])
    }

    /// The bytes are as this machine has them, which is what the format wants on every CPU that the command runs on: little-endian.
    private mutating func constant(_ name: String, _ type: ONNXElementType, _ data: Data, _ shape: [Int]) -> String {
        guard constants.insert(name).inserted else { return name }
        var tensor = ONNXTensor()
        tensor.name = name
        tensor.dataType = Int32(type.rawValue)
        tensor.dims = shape.map(Int64.init)
        tensor.rawData = data
        graph.initializer.append(tensor)
        return name
    }

    private static func attribute(_ name: String, integer value: Int64) -> ONNXAttribute {
        var attribute = ONNXAttribute()
        (attribute.name, attribute.i, attribute.type) = (name, value, .int)
        return attribute
    }

    private static func attribute(_ name: String, real value: Float) -> ONNXAttribute {
        var attribute = ONNXAttribute()
        (attribute.name, attribute.f, attribute.type) = (name, value, .float)
        return attribute
    }

    // MARK: What goes in and comes out

    /// (N, `columns`) of float32.
    private static func info(_ name: String, columns: Int, _ meaning: String) -> ONNXValueInfo {
        var (rows, width) = (ONNXDimension(), ONNXDimension())
        rows.dimParam = "N"
        width.dimValue = Int64(columns)
        var shape = ONNXShape()
        shape.dim = [rows, width]
        var tensor = ONNXTensorType()
        tensor.elemType = Int32(ONNXElementType.float32.rawValue)
        tensor.shape = shape
        var info = ONNXValueInfo()
        info.name = name
        info.type.tensorType = tensor
        info.docString = meaning
        return info
    }

    private static func meaning(of input: InferenceProgram.Input) -> String {
        switch input {
        case .image: "pixels of 0 to 1, row by row: bytes divided by 255"
        case .noise: "standard normal numbers, what the posterior is sampled by"
        case .code: "a code"
        case .label: "a one-hot of the class or cluster, or a softmax's output"
        }
    }

    private static func meaning(of output: InferenceProgram.Output) -> String {
        switch output {
        case .code: "the code; of a stochastic posterior the sample that the noise makes"
        case .label: "softmax over classes or clusters"
        case .representation: "the place among the cluster heads: W y + z"
        case .mean: "mean of the posterior"
        case .logVariance: "logarithm of the variance of the posterior"
        case .image: "the decoded image"
        }
    }
}
