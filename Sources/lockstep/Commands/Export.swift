import ArgumentParser
import Autoencoder
import Runs
import Wire

/// `lockstep export`: the trained networks for other software.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write encoder and decoder as ONNX models, which ONNX Runtime and others run.",
        discussion: """
            --onnx NAME.onnx writes NAME-encoder.onnx and NAME-decoder.onnx, a file each since a file's inputs must all be given. The encoder takes
            image (N x pixels, 0 to 1), and of a stochastic posterior noise (standard normal), and gives code, and where the variant has
            them label (softmax), representation, mean and log_variance. The decoder takes code, and label where it is told one, and gives
            image.
            Example:  lockstep export first --onnx first.onnx
            """)

    @OptionGroup var trained: TrainedOptions

    @Option(help: "What the two files are called: NAME.onnx; files of their names are written over.", completion: .file())
    var onnx: String

    private static let ending = ".onnx"

    func validate() throws {
        let name = onnx.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard name.hasSuffix(Self.ending), name.count > Self.ending.count else {
            throw ValidationError("--onnx is \(onnx.printable(200)); write NAME.onnx, after which the two files are called")
        }
    }

    func run() throws {
        try finishing {
            let (encoderPath, decoderPath) = (path(of: "encoder"), path(of: "decoder"))
            try OutputTargets.require([encoderPath, decoderPath])
            let run = try trained.open()
            let encoder = try run.inference.encoderProgram.map { (try file($0, "encoder", of: run), encoderPath) }
            let decoder = (try file(run.inference.decoderProgram, "decoder", of: run), decoderPath)
            for (file, path) in [encoder, decoder].compactMap(\.self) { try write(file, to: path) }
            return 0
        }
    }

    private func path(of name: String) -> String { "\(onnx.dropLast(Self.ending.count))-\(name)\(Self.ending)" }

    private func file(_ program: InferenceProgram, _ name: String, of run: TrainedRun) throws -> ONNXFile {
        let info = run.saved.checkpoint.info
        return try ONNXFile(
            program, name: name,
            record: ONNXFile.Record(
                producer: ("lockstep", Build.name),
                properties: [
                    ("run", run.saved.folder.name), ("step", "\(info.step)"), ("epoch", "\(info.epoch)"),
                    ("variant", run.configuration.variant.rawValue), ("digest", try run.saved.digest(full: false)),
                    ("weights", run.configuration.average > 0 ? "averaged" : "newest"),
                    ("configuration", run.configuration.yaml()),
                ]))
    }

    private func write(_ file: ONNXFile, to path: String) throws {
        try file.write(to: path)
        func list(_ values: [(name: String, columns: Int)]) -> String {
            values.map { "\($0.name) N x \($0.columns)" }.joined(separator: ", ")
        }
        Output.note("\(path): from \(list(file.inputs)) to \(list(file.outputs))")
        Output.result(path)
    }
}
