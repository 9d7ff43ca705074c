import Autoencoder
import Collectives
import Layers

extension BucketPlan {
    /// The buckets of a phase's sum, in the order in which the backward pass completes its tensors.
    package init(_ phase: PhaseDescription) {
        self.init(
            tensorRanges: phase.tensors.map(\.range), columns: phase.tensors.map(\.columns), readyOrder: phase.readyOrder)
    }
}
