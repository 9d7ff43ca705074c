import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import SwiftProtobuf
import Testing

/// Networks as ONNX files: their structure, and that what a reader of the standard computes from them is what the program does.
@Suite struct ONNXFileTests {
    private static let images = ImageSubset(Glyphs(), 0..<250)

    /// A small model of a variant with weights as they are drawn at first, wide enough apart to tell one value from another.
    private func inference(
        _ variant: Variant, posterior: PosteriorSettings? = nil, norm: NormKind = .none,
        change: (inout Configuration) -> Void = { _ in }
    ) throws -> Inference {
        var configuration = Configuration(variant: variant)
        configuration.model.encoder = [24, 16]
        configuration.model.decoder = [16, 24]
        configuration.model.discriminator = [16]
        configuration.model.code = 3
        configuration.model.initialisation = .he
        configuration.seed = 5
        if variant != .gan { configuration.parts.norm = NormSettings(encoder: norm, heads: norm, decoder: norm) }
        if let posterior { configuration.parts.posterior = posterior }
        change(&configuration)
        let settings = configuration.training(pixels: Self.images.pixels, trainingImages: Self.images.count)
        let tensors = try NormalisationFile.complete(
            Replica(settings).state(), of: settings, averaged: false, training: Self.images, team: ThreadTeam(threads: 1), in: nil)
        return try Inference(settings, tensors: tensors)
    }

    private func file(_ program: InferenceProgram) throws -> ONNXFile {
        try ONNXFile(
            program, name: "part",
            record: ONNXFile.Record(producer: ("lockstep", "1.2"), properties: [("run", "mine"), ("step", "40")]))
    }

    private func value(_ matrix: Matrix) -> ONNXInterpreter.Value {
        ONNXInterpreter.Value(shape: [matrix.rows, matrix.columns], numbers: matrix.values.array.map { Double($0) })
    }

    /// The largest difference of an output from what it should be, over the largest number in it.
    private func error(_ found: ONNXInterpreter.Value?, _ expected: Matrix) -> Double {
        guard let found, found.shape == [expected.rows, expected.columns] else { return .infinity }
        let numbers = expected.values.array.map { Double($0) }
        let size = max(1, numbers.map(abs).max() ?? 0)
        return zip(found.numbers, numbers).reduce(0) { max($0, abs($1.0 - $1.1)) } / size
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let variant: Variant
        var posterior: PosteriorSettings?
        var norm = NormKind.none

        var testDescription: String { "\(variant), \(posterior.map { "\($0)" } ?? "usual posterior"), norm \(norm)" }
    }

    private static let cases = [
        Case(variant: .basic), Case(variant: .basic, posterior: .gaussian, norm: .batch),
        Case(variant: .basic, posterior: .universal(width: 7, std: 0.5), norm: .shard), Case(variant: .vae), Case(variant: .gan),
        Case(variant: .supervised, norm: .batch), Case(variant: .semiSupervised),
        Case(variant: .semiSupervised, posterior: .gaussian, norm: .batch), Case(variant: .clustering, norm: .batch),
        Case(variant: .reduction), Case(variant: .reduction, posterior: .universal(width: 5, std: 1), norm: .batch),
    ]

    @Test("a reader of the standard computes codes, labels, posteriors and images as the program does", arguments: cases)
    func sameValues(_ one: Case) throws {
        let inference = try inference(one.variant, posterior: one.posterior, norm: one.norm)
        let rows = 12
        let bytes = Self.images.images(0..<rows)
        if let encoder = inference.encoderProgram {
            let reader = try ONNXInterpreter(file(encoder).bytes)
            var inputs = [
                "image": ONNXInterpreter.Value(shape: [rows, Self.images.pixels], numbers: bytes.map { Double($0) / 255 })
            ]
            if let noise = encoder.noiseColumns {
                // What a posterior is sampled by after training: deploy/settings.md, "Keys of the variants".
                let drawn = Matrix(rows: rows, columns: noise)
                RandomSource(seed: 5, purpose: .posterior, step: (1 << 48) - 1).fillNormal(drawn, firstRow: 0, std: 1)
                inputs["noise"] = value(drawn)
            }
            let outputs = try reader.run(inputs)
            let reading = inference.read(bytes, firstRow: 0)
            #expect(error(outputs["code"], reading.codes) < 1e-5)
            if let soft = reading.softLabels { #expect(error(outputs["label"], soft) < 1e-5) }
            if let places = reading.representations { #expect(error(outputs["representation"], places) < 1e-5) }
            if let head = reading.posterior {
                let both = zip(outputs["mean"]?.numbers ?? [], outputs["log_variance"]?.numbers ?? [])
                #expect(both.map { $0 + $1 }.count == rows * 3)
                for row in 0..<rows {
                    for column in 0..<3 {
                        #expect(abs(Double(head[row, column]) - outputs["mean"]!.numbers[3 * row + column]) < 1e-4)
                        #expect(abs(Double(head[row, 3 + column]) - outputs["log_variance"]!.numbers[3 * row + column]) < 1e-4)
                    }
                }
            }
            let names: [String?] = [
                "code", reading.labelLogits.map { _ in "label" }, reading.representations.map { _ in "representation" },
                reading.posterior.map { _ in "mean" }, reading.posterior.map { _ in "log_variance" },
            ]
            #expect(reader.model.graph.output.map(\.name) == names.compactMap { $0 })
        } else {
            #expect(one.variant == .gan)
        }
        let codes = Matrix(rows: rows, columns: 3)
        RandomSource(seed: 8, purpose: .prior, step: 0).fillNormal(codes, firstRow: 0, std: 2)
        let labels = inference.decodedLabels.map { classes in Inference.oneHots((0..<rows).map { $0 % classes }, classes: classes) }
        var given = ["code": value(codes)]
        if let labels { given["label"] = value(labels) }
        let decoder = try ONNXInterpreter(file(inference.decoderProgram).bytes)
        #expect(Set(decoder.model.graph.input.map(\.name)) == Set(given.keys))
        #expect(error(try decoder.run(given)["image"], inference.decode(codes, labels: labels)) < 1e-5)
    }

    @Test("a file says its version, its operators, where it is from, and the shape of all that goes in and comes out")
    func structure() throws {
        let inference = try inference(.semiSupervised, posterior: .gaussian) { $0.model.output = .linear }
        let encoder = try file(#require(inference.encoderProgram))
        let model = try ONNXInterpreter(encoder.bytes).model
        #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17] && model.opsetImport[0].domain.isEmpty)
        #expect(model.producerName == "lockstep" && model.producerVersion == "1.2" && model.graph.name == "part")
        #expect(model.metadataProps.map { "\($0.key)=\($0.value)" } == ["run=mine", "step=40"])
        for info in model.graph.input + model.graph.output {
            let type = info.type.tensorType
            #expect(type.elemType == 1 && type.shape.dim.count == 2 && type.shape.dim[0].dimParam == "N", "\(info.name)")
        }
        func widths(_ infos: [ONNXValueInfo]) -> [String: Int64] {
            Dictionary(uniqueKeysWithValues: infos.map { ($0.name, $0.type.tensorType.shape.dim[1].dimValue) })
        }
        #expect(widths(model.graph.input) == ["image": 784, "noise": 3])
        #expect(widths(model.graph.output) == ["code": 3, "label": 10, "mean": 3, "log_variance": 3])
        #expect(encoder.inputs.map(\.name) == ["image", "noise"])
        let weight = try #require(model.graph.initializer.first { $0.name == "encoder.0.weight" })
        #expect(weight.dims == [24, 784] && weight.dataType == 1 && weight.rawData.count == 4 * 24 * 784)
        let names = model.graph.initializer.map(\.name) + model.graph.node.flatMap(\.output) + model.graph.input.map(\.name)
        #expect(Set(names).count == names.count, "a value has two makers")
        #expect(Set(model.graph.node.map(\.name)).count == model.graph.node.count)
        // A linear output has no sigmoid behind it.
        #expect(try ONNXInterpreter(file(inference.decoderProgram).bytes).model.graph.node.last?.opType == "Gemm")
    }

    @Test("the numbers of the fields are the format's own")
    func fieldNumbers() throws {
        var model = ONNXModel()
        (model.irVersion, model.producerName) = (8, "a")
        var tensor = ONNXTensor()
        (tensor.name, tensor.rawData, tensor.dataType) = ("w", Data([7]), 1)
        model.graph.initializer = [tensor]
        // Fields 1, 2 and 7; in the graph 5; in the tensor 2, 8 and 9.
        #expect(
            try model.serializedBytes() as [UInt8] == [
                0x08, 8, 0x12, 1, 0x61, 0x3A, 10, 0x2A, 8, 0x10, 1, 0x42, 1, 0x77, 0x4A, 1, 7,
            ])
        var attribute = ONNXAttribute()
        (attribute.name, attribute.i, attribute.type) = ("t", 1, .int)
        var node = ONNXNode()
        (node.input, node.output, node.opType, node.attribute) = (["x"], ["y"], "G", [attribute])
        // Fields 1, 2, 4 and 5; in the attribute 1, 3 and 20.
        #expect(
            try node.serializedBytes() as [UInt8] == [
                0x0A, 1, 0x78, 0x12, 1, 0x79, 0x22, 1, 0x47, 0x2A, 8, 0x0A, 1, 0x74, 0x18, 1, 0xA0, 1, 2,
            ])
    }
}

extension InferenceProgram {
    /// Columns of the noise input; nil where there is none.
    fileprivate var noiseColumns: Int? {
        values.first { if case .input(.noise) = $0.step { true } else { false } }?.columns
    }
}
