/// The systems of the paper that can be trained; a case for each file beside this one.
public enum Variant: String, Sendable, Hashable, CaseIterable {
    /// Section 2: encoder, decoder, and a discriminator on the code.
    case basic

    /// The phases of a step, in order.
    public var phaseNames: [String] {
        switch self {
        case .basic: ["reconstruction", "discriminator", "generator"]
        }
    }
}

extension TrainingSettings {
    /// What the settings make of the paper.
    var composition: Composition {
        let composition: Composition =
            switch variant {
            case .basic: .basic(self)
            }
        precondition(composition.phases.map(\.name) == variant.phaseNames, "the phases of \(variant) are others")
        return composition
    }
}
