// Shapes of this file: B rows, I inputs, O outputs.

/// The three products of one dense layer by an engine, on memory that is there: for whoever measures or compares engines.
public struct LayerProducts: Sendable {
    private let engine: ProductEngine
    private let x, w, y, dy, dx, dw: Matrix
    private let panels: PortableProducts.Panels

    /// Packs the weight, which must not change.
    ///
    /// - Parameters:
    ///   - x: (B, I); w: (O, I); y and dy: (B, O); dx: (B, I); dw: (O, I).
    public init(_ engine: ProductEngine, x: Matrix, w: Matrix, y: Matrix, dy: Matrix, dx: Matrix, dw: Matrix) {
        self.engine = engine
        (self.x, self.w, self.y, self.dy, self.dx, self.dw) = (x, w, y, dy, dx, dw)
        panels = PortableProducts.Panels(outputs: engine == .portable ? w.rows : 0, inputs: w.columns)
        if engine == .portable { panels.pack(w) }
    }

    /// Y = X·Wᵀ.
    public func forward() {
        switch engine {
        case .portable: PortableProducts.forward(x, panels, into: y)
        case .openblas: Products.forward(x, w, into: y)
        }
    }

    /// dX = dY·W.
    public func backwardInput() {
        switch engine {
        case .portable: PortableProducts.backwardInput(dy, w, into: dx)
        case .openblas: Products.backwardInput(dy, w, into: dx)
        }
    }

    /// dW = dYᵀ·X.
    public func backwardWeight() {
        switch engine {
        case .portable: PortableProducts.backwardWeight(dy, x, into: dw)
        case .openblas: Products.backwardWeight(dy, x, into: dw)
        }
    }

    public func all() {
        forward()
        backwardInput()
        backwardWeight()
    }
}
