import Autoencoder
import Datasets
import Files
import Foundation
import Kernels
import SwiftProtobuf

/// A trained network as a file of the ONNX format: opset 17, float32, any number of rows N.
///
/// Encoder and decoder are a file each: whoever runs a file has to give all of its inputs, and an encoder needs no code.
public struct ONNXFile: Sendable {
    /// What stands in a file beside the network.
    public struct Record: Sendable {
        /// Name and version of the program.
        public var producer: (name: String, version: String)
        /// What the network is: run, step, variant, whole configuration, …, for readers that list it.
        public var properties: [(key: String, value: String)]

        public init(producer: (name: String, version: String), properties: [(key: String, value: String)]) {
            self.producer = producer
            self.properties = properties
        }
    }

    /// A model that the format has no room for.
    public struct TooLarge: Error, CustomStringConvertible, Sendable {
        let bytes: Int

        public var description: String {
            "the weights take \(byteText(UInt64(bytes))), and an ONNX file holds less than \(byteText(UInt64(ONNXFile.mostBytes))): there is none for so large a network"
        }
    }

    /// Messages of the format's own encoding have lengths of 31 bits.
    static let mostBytes = 1 << 31 - 1 << 20
    private static let (irVersion, operators): (Int64, Int64) = (8, 17)

    /// The bytes of the file.
    public let bytes: [UInt8]
    /// Names and columns of what goes in and comes out.
    public let inputs: [(name: String, columns: Int)]
    public let outputs: [(name: String, columns: Int)]

    /// - Parameter name: of the graph, "encoder" or "decoder".
    /// - Throws: `TooLarge`.
    public init(_ program: InferenceProgram, name: String, record: Record) throws {
        let weights = program.values.reduce(0) { $0 + $1.weights } * MemoryLayout<Float>.size
        guard weights < Self.mostBytes else { throw TooLarge(bytes: weights) }
        var writer = ONNXGraphWriter(program)
        writer.graph.name = name
        writer.write()
        inputs = writer.inputs
        outputs = program.outputs.map { ($0.name.rawValue, program.values[$0.value].columns) }
        var model = ONNXModel()
        model.irVersion = Self.irVersion
        (model.producerName, model.producerVersion) = record.producer
        model.graph = writer.graph
        var operators = ONNXOperatorSet()
        operators.version = Self.operators
        model.opsetImport = [operators]
        model.metadataProps = record.properties.map { property in
            var entry = ONNXEntry()
            (entry.key, entry.value) = property
            return entry
        }
        bytes = try model.serializedBytes()
    }

    /// Writes the file, whole or not at all. Throws `DiskError`.
    public func write(to path: String, disk: Disk = .results) throws { try disk.replace(path, with: bytes) }
}

extension InferenceProgram.Value {
    /// Numbers that come with it.
    fileprivate var weights: Int {
        switch step {
        case .dense(_, let weight, let bias): weight.values.count + (bias?.count ?? 0)
        case .normalise: 4 * columns
        case .scale(let numbers), .shift(let numbers): numbers.count
        default: 0
        }
    }
}
