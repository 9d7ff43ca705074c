import ArgumentParser
import Autoencoder
import Foundation
import Runs

/// `lockstep inspect`: what a run or a checkpoint holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a run or one of its checkpoints holds.",
        discussion: "Example:  lockstep inspect latest")

    @Argument(help: "RUN, RUN@STEP, a checkpoint folder or a .safetensors file.", completion: Completions.runs)
    var target: String

    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        try finishing {
            if let folder = checkpointFolder() {
                let path = folder + "/state.safetensors"
                guard let damage = CheckpointStore.damage(of: folder) else {
                    return try show(SafetensorsReader(path: path), path: path, run: nil)
                }
                Output.complain("the checkpoint \(folder) cannot be used: \(damage)")
                // What can be read of it may tell whose it was.
                if let reader = try? SafetensorsReader(path: path) { _ = try show(reader, path: path, run: nil) }
                return 1
            }
            if target.hasSuffix(".safetensors"), FileManager.default.fileExists(atPath: target) {
                return try show(SafetensorsReader(path: target), path: target, run: nil)
            }
            let saved = try SavedState(target)
            return try show(SafetensorsReader(path: saved.statePath), path: saved.statePath, run: saved)
        }
    }

    /// A checkpoint folder named directly; one of its two files may be missing.
    private func checkpointFolder() -> String? {
        ["state.safetensors", "manifest.json"].contains { FileManager.default.fileExists(atPath: "\(target)/\($0)") } ? target : nil
    }

    /// What the run trains; nil where its settings cannot be read, which other commands tell. How large its images are stands in
    /// its
    /// state, so that their files may be elsewhere.
    private static func training(of saved: SavedState, _ reader: SafetensorsReader) -> TrainingSettings? {
        guard let configuration = try? saved.folder.configuration().configuration,
            let last = reader.tensors.first(where: { $0.name == "decoder.\(configuration.model.decoder.count).bias" }),
            let pixels = last.shape.first
        else { return nil }
        return configuration.training(pixels: pixels, trainingImages: configuration.minibatch)
    }

    private func show(_ reader: SafetensorsReader, path: String, run saved: SavedState?) throws -> Int32 {
        let digest = try saved?.digest(full: false)
        if json {
            var fields: [JSON.Member] = [.init("path", .string(path))]
            if let digest { fields.append(.init("digest", .string(digest))) }
            fields.append(
                .init("metadata", .object(reader.metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })))
            fields.append(
                .init(
                    "tensors",
                    .array(
                        reader.tensors.map { tensor in
                            [
                                "name": .string(tensor.name), "type": .string(tensor.type.rawValue),
                                "shape": .array(tensor.shape.map { JSON($0) }),
                            ]
                        })))
            Output.result(JSON.object(fields).text)
            return 0
        }
        if let saved {
            Output.result("run          \(saved.folder.path)")
            Output.result("checkpoints  \(try saved.folder.checkpoints().steps().map(String.init).joined(separator: " "))")
        }
        Output.result("file         \(path)")
        if let digest { Output.result("digest       \(digest)") }
        if let saved, let training = Self.training(of: saved, reader) {
            Output.result("")
            for line in training.drawing.lines { Output.result(line) }
            Output.result("")
        }
        for (key, value) in reader.metadata.sorted(by: { $0.key < $1.key }) where key != "configuration" {
            Output.result(key.padding(toLength: 13, withPad: " ", startingAt: 0) + value)
        }
        let width = reader.tensors.map(\.name.count).max() ?? 0
        for tensor in reader.tensors {
            let name = tensor.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            Output.result("\(name)\(tensor.type.rawValue)  \(tensor.shape.map(String.init).joined(separator: " x "))")
        }
        if let configuration = reader.metadata["configuration"] { Output.result("\n\(configuration)") }
        return 0
    }
}
