import ArgumentParser
import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import Wire

/// `lockstep inspect`: what a run or a checkpoint holds, or what settings would make.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a run or one of its checkpoints holds, or what a run with such settings would train.",
        discussion: """
            Of a run: its composition (networks, heads, adversaries, phases, exchanges of a step), tensors and settings. With settings in place
            of a run, as `train` takes them: the composition alone; nothing is made.
            Example:  lockstep inspect latest
            """)

    @Argument(help: "RUN, RUN@STEP, a checkpoint folder or a .safetensors file.", completion: Completions.runs)
    var target: String?

    @OptionGroup var settings: SettingOptions

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        guard target != nil else {
            guard settings.isEmpty else { return }
            throw ValidationError("name what to inspect: RUN, or the settings of a run to be, as with --recipe quickstart")
        }
        guard settings.isEmpty, settings.data == nil else {
            throw ValidationError("a run has its own settings; give RUN alone, or --recipe, --config and --set without it")
        }
    }

    func run() throws {
        try finishing {
            guard let target else { return try showSettings() }
            if let folder = checkpointFolder(target) {
                let path = folder + "/state.safetensors"
                guard let damage = CheckpointStore.damage(of: folder) else {
                    return try show(SafetensorsReader(path: path), path: path, run: nil)
                }
                Output.complain("the checkpoint \(folder) cannot be used: \(damage)")
                // Whatever can be read may show which run it belongs to.
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

    /// Shows what settings would make from the data that they name, read as in `train --dry-run`.
    private func showSettings() throws -> Int32 {
        let (configuration, data) = try settings.configuration().opened(directory: settings.data)
        let drawing = try configuration.stepImages(data.train).settings.drawing
        guard json else {
            for line in drawing.lines { Output.result(line) }
            return 0
        }
        Output.result(
            JSON.object([.init("composition", drawing.json), .init("configuration", .string(configuration.yaml()))]).text)
        return 0
    }

    /// A checkpoint folder named directly; one of its two files may be missing.
    private func checkpointFolder(_ target: String) -> String? {
        ["state.safetensors", "manifest.json"].contains { FileManager.default.fileExists(atPath: "\(target)/\($0)") } ? target : nil
    }

    /// What the run trains. Nil where its settings cannot be read, which other commands report, and where its state does not fit them, which is
    /// reported here.
    private static func drawing(of saved: SavedState, _ reader: SafetensorsReader) -> (drawing: CompositionDrawing?, status: Int32)
    {
        guard let configuration = try? saved.folder.configuration().configuration else { return (nil, 0) }
        do {
            let composition = try StateComposition(configuration, reader)
            try composition.requireParameters()
            return (composition.training.drawing, 0)
        } catch {
            Output.complain("\(error)")
            return (nil, 1)
        }
    }

    private func show(_ reader: SafetensorsReader, path: String, run saved: SavedState?) throws -> Int32 {
        let digest = try saved?.digest(full: false)
        let (drawing, status) = saved.map { Self.drawing(of: $0, reader) } ?? (nil, 0)
        if json {
            showJSON(reader, path, digest, drawing)
            return status
        }
        if let saved {
            Output.result("run          \(saved.folder.path)")
            Output.result("checkpoints  \(try saved.folder.checkpoints().steps().map(String.init).joined(separator: " "))")
        }
        Output.result("file         \(path)")
        if let digest { Output.result("digest       \(digest)") }
        if let drawing {
            Output.result("")
            for line in drawing.lines { Output.result(line) }
            Output.result("")
        }
        showTensors(reader)
        return status
    }

    private func showJSON(_ reader: SafetensorsReader, _ path: String, _ digest: String?, _ drawing: CompositionDrawing?) {
        var fields: [JSON.Member] = [.init("path", .string(path))]
        if let digest { fields.append(.init("digest", .string(digest))) }
        if let drawing { fields.append(.init("composition", drawing.json)) }
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
    }

    /// Shows metadata, tensors and settings of the file, which may come from any program.
    private func showTensors(_ reader: SafetensorsReader) {
        for (key, value) in reader.metadata.sorted(by: { $0.key < $1.key }) where key != "configuration" {
            let name = key.count < 13 ? key.padding(toLength: 13, withPad: " ", startingAt: 0) : key + " "
            Output.result((name + value).printable(8000))
        }
        let width = reader.tensors.map(\.name.count).max() ?? 0
        for tensor in reader.tensors {
            let name = tensor.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            let shape = tensor.shape.map(String.init).joined(separator: " x ")
            Output.result("\(name)\(tensor.type.rawValue)  \(shape)".printable(8000))
        }
        guard let configuration = reader.metadata["configuration"] else { return }
        let lines = "\n\(configuration)".split(separator: "\n", omittingEmptySubsequences: false)
        Output.result(lines.map { String($0).printable(8000) }.joined(separator: "\n"))
    }
}
