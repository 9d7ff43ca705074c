import Autoencoder
import Figures

/// Which pictures a model has: what it encodes, decodes and is told decides, not its name.
///
/// Every model has losses and samples. One that encodes has reconstructions and codes; a dimensionality reduction has a map. Where a class or
/// cluster is decoded beside the code there are styles, and the heads of clusters. Otherwise a code in the plane has a walk, and over a mixture
/// petals.
public struct PicturePlan: Sendable {
    /// When pictures are drawn.
    public enum Occasion: Sendable {
        /// After an epoch: those that take a moment.
        case epoch
        /// When a person asks for them: all.
        case asked
    }

    /// In the order in which they are told.
    public let names: [FigureName]

    public init(_ inference: Inference, _ occasion: Occasion) {
        let settings = inference.settings
        let isPlane = settings.model.code == 2
        var names = [FigureName.losses]
        if inference.canEncode {
            names += [.reconstructions, .codes]
            if settings.model.code > 2 { names.append(.codeHistograms) }
        }
        if inference.canRepresent { names.append(.representations) }
        names.append(.samples)
        if inference.decodedLabels != nil {
            names.append(.styles)
            if !settings.labelsAreClasses { names.append(.clusters) }
        } else if isPlane {
            names.append(.walk)
            if settings.prior.grid(ofPart: 0, rows: 1, columns: 1) != nil { names.append(.petals) }
        }
        // It takes long: the search goes through all training images.
        if occasion == .asked { names.append(.neighbours) }
        self.names = names
    }
}

extension FigureName {
    /// The number of the paper's figure that this picture of such a model is; nil where the paper has none.
    package func paperFigure(_ settings: TrainingSettings) -> String? {
        let (variant, prior, isPlane) = (settings.variant, settings.prior.kind, settings.model.code == 2)
        switch self {
        case .codes:
            return isPlane ? Self.codeFigures[variant]?[prior] : nil
        case .walk:
            if variant == .labelInformed, prior == "swiss-roll" { return "4d" }
            return isPlane && variant == .basic && prior == "gaussian" ? "2e" : nil
        case .petals: return variant == .labelInformed ? "4b" : nil
        case .neighbours: return variant == .basic && !isPlane ? "5" : nil
        case .styles: return variant == .supervised ? "7" : nil
        case .clusters: return variant == .clustering ? "9" : nil
        case .representations: return isPlane ? "11" : nil
        case .reconstructions, .samples, .codeHistograms, .losses: return nil
        }
    }

    /// Codes in the plane, by variant and prior.
    private static let codeFigures: [Variant: [String: String]] = [
        .basic: ["gaussian": "2a", "mixture": "2b"], .vae: ["gaussian": "2c", "mixture": "2d"],
        .labelInformed: ["mixture": "4a", "swiss-roll": "4c"],
    ]
}
