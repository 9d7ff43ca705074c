import Foundation
import Runs
import SwiftProtobuf

/// Runs an ONNX file in double precision by the standard's definition of its operators, as other software would.
struct ONNXInterpreter {
    /// Values row by row.
    struct Value {
        var shape: [Int]
        var numbers: [Double]

        var columns: Int { shape.last ?? 1 }
    }

    /// What a reader may not find in a file.
    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    let model: ONNXModel

    init(_ bytes: [UInt8]) throws { model = try ONNXModel(serializedBytes: bytes) }

    /// The outputs by name, for inputs by name.
    func run(_ inputs: [String: Value]) throws -> [String: Value] {
        var values = inputs
        for tensor in model.graph.initializer { values[tensor.name] = try Self.value(of: tensor) }
        for node in model.graph.node {
            let from = try node.input.map { name in
                guard let value = values[name] else {
                    throw Wrong(description: "\(node.name) takes \(name), which is not made yet")
                }
                return value
            }
            guard node.output.count == 1, values[node.output[0]] == nil else {
                throw Wrong(description: "\(node.name) makes \(node.output)")
            }
            values[node.output[0]] = try Self.apply(node, from)
        }
        return try Dictionary(
            uniqueKeysWithValues: model.graph.output.map { output in
                guard let value = values[output.name] else { throw Wrong(description: "\(output.name) is not made") }
                return (output.name, value)
            })
    }

    private static func value(of tensor: ONNXTensor) throws -> Value {
        let bytes = [UInt8](tensor.rawData)
        let count = tensor.dims.reduce(1) { $0 * Int($1) }
        let numbers: [Double]
        switch ONNXElementType(rawValue: Int(tensor.dataType)) {
        case .float32:
            numbers = bytes.withUnsafeBytes { raw in
                (0..<bytes.count / 4).map { Double(raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
            }
        case .int64:
            numbers = bytes.withUnsafeBytes { raw in
                (0..<bytes.count / 8).map { Double(raw.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            }
        default: throw Wrong(description: "\(tensor.name) is of type \(tensor.dataType)")
        }
        guard numbers.count == count else { throw Wrong(description: "\(tensor.name) has \(numbers.count) of \(count) numbers") }
        return Value(shape: tensor.dims.map(Int.init), numbers: numbers)
    }

    private static func apply(_ node: ONNXNode, _ from: [Value]) throws -> Value {
        func attribute(_ name: String) -> ONNXAttribute? { node.attribute.first { $0.name == name } }
        func map(_ body: (Double) -> Double) -> Value { Value(shape: from[0].shape, numbers: from[0].numbers.map(body)) }
        switch node.opType {
        case "Gemm":
            guard attribute("transB")?.i == 1, attribute("transB")?.type == .int else { throw Wrong(description: node.name) }
            return gemm(from[0], from[1], bias: from.count > 2 ? from[2].numbers : nil)
        case "BatchNormalization":
            guard let epsilon = attribute("epsilon"), epsilon.type == .float else { throw Wrong(description: node.name) }
            return columnwise(from[0]) { x, column in
                (x - from[3].numbers[column]) / (from[4].numbers[column] + Double(epsilon.f)).squareRoot()
                    * from[1].numbers[column] + from[2].numbers[column]
            }
        case "Relu": return map { max($0, 0) }
        case "Sigmoid": return map { 1 / (1 + exp(-$0)) }
        case "Exp": return map { exp($0) }
        case "Add": return combined(from[0], from[1], +)
        case "Mul": return combined(from[0], from[1], *)
        case "Softmax":
            return rows(of: from[0]) { row in
                let exponentials = row.map { exp($0 - (row.max() ?? 0)) }
                return exponentials.map { $0 / exponentials.reduce(0, +) }
            }
        case "Slice":
            guard from[3].numbers == [1] else { throw Wrong(description: node.name) }
            return rows(of: from[0]) { Array($0[Int(from[1].numbers[0])..<Int(from[2].numbers[0])]) }
        case "Concat":
            guard attribute("axis")?.i == 1 else { throw Wrong(description: node.name) }
            let parts = from.map(split)
            let joined = parts[0].indices.map { row in parts.flatMap { $0[row] } }
            return Value(shape: [joined.count, joined.first?.count ?? 0], numbers: joined.flatMap { $0 })
        default: throw Wrong(description: "\(node.opType) is not read here")
        }
    }

    private static func split(_ value: Value) -> [[Double]] {
        stride(from: 0, to: value.numbers.count, by: value.columns).map { Array(value.numbers[$0..<$0 + value.columns]) }
    }

    private static func rows(of value: Value, _ body: ([Double]) -> [Double]) -> Value {
        let rows = split(value).map(body)
        return Value(shape: [rows.count, rows.first?.count ?? 0], numbers: rows.flatMap { $0 })
    }

    private static func columnwise(_ value: Value, _ body: (Double, Int) -> Double) -> Value {
        Value(shape: value.shape, numbers: value.numbers.enumerated().map { body($1, $0 % value.columns) })
    }

    /// The second has as many numbers as the first, or one a column, or one.
    private static func combined(_ first: Value, _ second: Value, _ body: (Double, Double) -> Double) -> Value {
        let others = second.numbers
        precondition([1, first.columns, first.numbers.count].contains(others.count), "\(first.shape) and \(second.shape)")
        return Value(shape: first.shape, numbers: first.numbers.enumerated().map { body($1, others[$0 % others.count]) })
    }

    /// x Wᵀ + b.
    private static func gemm(_ x: Value, _ weight: Value, bias: [Double]?) -> Value {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        return rows(of: x) { row -> [Double] in
            var result = bias ?? [Double](repeating: 0, count: outputs)
            for output in 0..<outputs {
                let first: Int = output * inputs
                for input in 0..<inputs { result[output] += row[input] * weight.numbers[first + input] }
            }
            return result
        }
    }
}
