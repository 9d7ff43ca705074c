import Kernels
import Layers

extension Graph.Vertex {
    /// Draws the random numbers of some rows: noise, a mask, samples of the prior.
    ///
    /// - Parameters:
    ///   - y: (rows, columns), overwritten.
    ///   - firstRow: its first row in the global minibatch.
    ///   - labels: one a row, for a prior that has a part for each class.
    func fill(_ y: Matrix, settings: TrainingSettings, step: UInt64, firstRow: Int, labels: [UInt8]) {
        guard let draw else { preconditionFailure("nothing is drawn for \(operation)") }
        let (source, offset) = draw.source(seed: settings.seed, step: step)
        let first = firstRow + offset
        switch operation {
        case .corrupt(_, let std), .noise(_, let std):
            source.fillNormal(y, firstRow: first, std: Float(std))
        case .drop(_, let share):
            Dropout.draw(y, share: share, source: source, firstRow: first)
        case .prior(_, let prior, let classes):
            let labels = classes.map { RowLabels(Slice(labels), classes: $0) }
            prior.sample(into: y, source: source, firstRow: first, labels: labels)
        default:
            preconditionFailure("nothing is drawn for \(operation)")
        }
    }
}
