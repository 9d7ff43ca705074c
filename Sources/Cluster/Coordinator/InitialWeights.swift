import Autoencoder
import Runs

/// `--from`: step 0 of a new run with the weights of another run's state, and whatever else of it fits.
public enum InitialWeights {
    /// A replica of `training` that begins with the state file at `path`.
    ///
    /// Every parameter must be there in its shape; optimizer states, averages and exponents are taken where they fit, and
    /// begin anew where not. Step, order and schedules begin at 0.
    /// - Throws: `LocalError` naming the tensor where the two models differ; reader's errors.
    public static func replica(_ training: TrainingSettings, from path: String) throws -> Replica {
        let reader = try SafetensorsReader(path: path)
        let replica = try Replica(training)
        let theirs = Dictionary(try StateFile.tensors(of: reader).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for tensor in replica.state() {
            if let other = theirs[tensor.name], other.shape == tensor.shape, other.values.type == tensor.values.type {
                tensor.values.copy(from: other.values)
            } else if StateNames.isParameter(tensor.name) {
                let found = theirs[tensor.name].map { "it is \($0.shape)" } ?? "there is none"
                throw LocalError(
                    "--from: \(tensor.name) is \(tensor.shape) in this run, in \(path) \(found); give this run the other's model, "
                        + "for example with --config RUN/config.yaml")
            }
        }
        return replica
    }
}
