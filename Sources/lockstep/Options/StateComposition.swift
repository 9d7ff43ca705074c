import Autoencoder
import Kernels
import Runs
import Waiting

/// What a run trains, by its settings and one of its states. The image files may be elsewhere: the state says how large an image is.
struct StateComposition {
    let training: TrainingSettings
    private let reader: SafetensorsReader

    /// A file may claim any shape for its tensors: with this many pixels and any width, the products do not overflow.
    private static let pixels = 1...Int(Int32.max)

    /// - Throws: `LocalError` where the state gives no image size.
    init(_ configuration: Configuration, _ reader: SafetensorsReader) throws {
        let name = "decoder.\(configuration.model.decoder.count).bias"
        guard let last = reader.tensors.first(where: { $0.name == name }) else {
            throw Self.other("\(name), the file has none", than: reader)
        }
        guard last.shape.count == 1, let pixels = last.shape.first, Self.pixels.contains(pixels) else {
            throw Self.other("\(name) of an image's values, the file \(last.shape)", than: reader)
        }
        training = configuration.training(pixels: pixels, trainingImages: configuration.minibatch)
        self.reader = reader
    }

    /// Throws `LocalError` for the first parameter that is missing or of another type or shape than the settings make it.
    func requireParameters() throws {
        let tensors = Dictionary(reader.tensors.map { ($0.name, $0) }) { first, _ in first }
        for (name, shape) in training.parameterShapes {
            guard let tensor = tensors[name] else { throw Self.other("\(name), the file has none", than: reader) }
            guard tensor.type == .f32, tensor.shape == shape else {
                throw Self.other("\(name) f32 \(shape), the file \(tensor.type.rawValue) \(tensor.shape)", than: reader)
            }
        }
    }

    private static func other(_ what: String, than reader: SafetensorsReader) -> LocalError {
        LocalError(
            "\(reader.name) is no state of a run with these settings: they make \(what); put config.yaml or the checkpoint back as it was"
        )
    }
}
