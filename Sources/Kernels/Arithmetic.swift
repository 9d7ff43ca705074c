/// How the operands of products are stored; sums are always in single precision.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    case fp32
    /// Rounded to nearest even as they enter a product, two at a time making one link of its chain (`PortableProducts`).
    case bf16
}

/// What decides the bits of a model's products.
public struct Arithmetic: Sendable, Hashable {
    public var engine: ProductEngine
    /// A library's products are in single precision.
    public var precision: Precision

    public init(_ engine: ProductEngine, _ precision: Precision = .fp32) {
        precondition(engine == .portable || precision == .fp32, "only portable products are defined in \(precision)")
        self.engine = engine
        self.precision = precision
    }

    /// Our own products in single precision: also those of all evaluations, so that a figure is the same everywhere.
    public static let portable = Arithmetic(.portable)
}
