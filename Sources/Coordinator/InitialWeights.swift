import Autoencoder
import Kernels
import Runs
import Waiting

/// `--from`: step 0 of a new run with the weights of another run's state, and whatever else of it fits.
public enum InitialWeights {
    /// A replica of `training` that begins with the state file at `path`.
    ///
    /// Every parameter must be there in its shape. Optimizer states, averages and exponents are taken where they fit, and
    /// begin anew where they do not. Step, order and schedules begin at 0.
    /// - Throws: `LocalError` naming the variants, or else the tensor, in which the two models differ; reader's errors.
    public static func replica(_ training: TrainingSettings, from path: String) throws -> Replica {
        let reader = try SafetensorsReader(path: path)
        let replica = try Replica(training)
        let theirs = Dictionary(try StateFile.tensors(of: reader).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for tensor in replica.state() {
            if let other = theirs[tensor.name], other.shape == tensor.shape, other.values.type == tensor.values.type {
                tensor.values.copy(from: other.values)
            } else if StateNames.isParameter(tensor.name) {
                try requireVariant(of: reader, at: path, is: training.variant)
                let found = theirs[tensor.name].map { "it is \($0.shape)" } ?? "there is none"
                throw LocalError(
                    "--from: \(tensor.name) is \(tensor.shape) in this run, in \(path) \(found); give this run the other's model, "
                        + "for example with --config RUN/config.yaml")
            }
        }
        return replica
    }

    /// Names the variants where they differ: which tensor is missing would say little then.
    private static func requireVariant(of reader: SafetensorsReader, at path: String, is mine: Variant) throws {
        guard let theirs = StateFile.configuration(of: reader, path: path)?.variant, theirs != mine else { return }
        throw LocalError(
            "--from: the weights in \(path) are of the variant \(theirs.rawValue), and this run is of \(mine.rawValue), which has other networks; "
                + "give this run that variant, for example with --config RUN/config.yaml, or name a run of the variant \(mine.rawValue)"
        )
    }
}
