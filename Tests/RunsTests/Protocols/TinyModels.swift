import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels
import Runs
import TestSupport

/// Images of 6 × 6 in four classes, each with a bright line at a place of its own, and small models with initial weights.
final class TinyModels: Sendable {
    let scratch = Scratch()
    private let sets: [String]

    init(labelled: Bool = true) throws {
        for (name, count) in [("train", 240), ("test", 60)] {
            let head: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 6, 0, 0, 0, 6]
            let images = (0..<count).flatMap { image in
                (0..<36).map { pixel in
                    let isLine = pixel / 6 == image % 4 + 1
                    return UInt8((isLine ? 190 : 10) + (image * 31 + pixel * 17) % 60)
                }
            }
            _ = try scratch.write(head + images, to: "\(name).idx3")
            let labels = [0, 0, 8, 1, 0, 0, 0, UInt8(count)] + (0..<count).map { UInt8($0 % 4) }
            _ = try scratch.write(labels, to: "\(name).idx1")
        }
        let labels = labelled ? ", labels: \(scratch.file("train.idx1")), test_labels: \(scratch.file("test.idx1"))" : ""
        sets = [
            "data={set: idx, images: \(scratch.file("train.idx3")), test_images: \(scratch.file("test.idx3"))\(labels)}",
            "model.decoder=[12]", "model.initialisation=he", "seed=5",
        ]
    }

    /// What each variant needs beside its name.
    private static func own(_ variant: Variant) -> [String] {
        switch variant {
        case .gan: []
        case .labelInformed:
            [
                "model.encoder=[12]", "model.classes=4",
                "prior={kind: mixture, components: 4, radial: 0.5, tangential: 0.1, distance: 1.4}",
            ]
        case .supervised: ["model.encoder=[12]", "model.classes=4"]
        case .semiSupervised: ["model.encoder=[12]", "model.classes=4", "labels.count=20", "labels.minibatch=20"]
        case .clustering, .reduction: ["model.encoder=[12]", "model.clusters=5"]
        case .basic, .vae: ["model.encoder=[12]"]
        }
    }

    func subject(
        _ variant: Variant, split: DataSet.Split = .test, samples: Int = 1_000, seed: UInt64 = 5, only: [String]? = nil,
        part: EvaluationPart? = nil, threads: Int = 1, sets more: [String] = []
    ) throws -> EvaluationSubject {
        let loaded = try Configuration.load(
            ConfigurationSources(sets: ["variant=\(variant.rawValue)"] + sets + Self.own(variant) + more))
        let (configuration, data) = try loaded.opened(directory: nil)
        let training = configuration.training(on: data)
        let inference = try Inference(training, tensors: Replica(training).state())
        return EvaluationSubject(
            inference, configuration: configuration, data: data,
            options: EvaluationOptions(split: split, samples: samples, seed: seed, only: only, part: part), threads: threads)
    }

    static func head(_ subject: EvaluationSubject) -> EvaluationHead {
        EvaluationHead(
            recipe: subject.configuration.name, run: "mine", data: "idx", step: 40, checkpoint: String(repeating: "ab", count: 32),
            split: subject.options.split, seed: subject.options.seed)
    }

    static func report(_ subject: EvaluationSubject) throws -> EvaluationReport {
        let session = EvaluationSession(subject, protocols: try EvaluationProtocols.named(subject.options.only))
        try session.run()
        return EvaluationReport(session, head: head(subject))
    }

    /// A run folder, as far as an evaluation looks at it.
    func folder() throws -> RunFolder {
        try FileManager.default.createDirectory(atPath: scratch.file("mine"), withIntermediateDirectories: true)
        _ = try scratch.write("seed: 5\n", to: "mine/config.yaml")
        return try RunFolder.open(scratch.file("mine"))
    }
}

/// Paths to every value that is no object.
func leaves(_ value: JSON, _ prefix: String = "") -> [String] {
    (value.members ?? []).flatMap { member in
        member.value.members == nil ? [prefix + member.key] : leaves(member.value, prefix + member.key + ".")
    }
}
