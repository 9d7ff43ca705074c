// Shapes of this file: B rows, I inputs, O outputs.

/// The three products of one dense layer by an arithmetic, on memory that the caller gives; for measurements and comparisons.
public struct LayerProducts: Sendable {
    private let arithmetic: Arithmetic
    private let x, w, y, dy, dx, dw: Matrix

    /// - Parameters:
    ///   - x: (B, I); w: (O, I); y and dy: (B, O); dx: (B, I); dw: (O, I).
    public init(_ arithmetic: Arithmetic, x: Matrix, w: Matrix, y: Matrix, dy: Matrix, dx: Matrix, dw: Matrix) {
        self.arithmetic = arithmetic
        (self.x, self.w, self.y, self.dy, self.dx, self.dw) = (x, w, y, dy, dx, dw)
    }

    /// Y = X·Wᵀ.
    public func forward() {
        switch arithmetic.engine {
        case .portable: PortableProducts.forward(x, w, arithmetic.precision, into: y)
        case .openblas: Products.forward(x, w, into: y)
        }
    }

    /// dX = dY·W.
    public func backwardInput() {
        switch arithmetic.engine {
        case .portable: PortableProducts.backwardInput(dy, w, arithmetic.precision, into: dx)
        case .openblas: Products.backwardInput(dy, w, into: dx)
        }
    }

    /// dW = dYᵀ·X.
    public func backwardWeight() {
        switch arithmetic.engine {
        case .portable: PortableProducts.backwardWeight(dy, x, arithmetic.precision, into: dw)
        case .openblas: Products.backwardWeight(dy, x, into: dw)
        }
    }

    public func all() {
        forward()
        backwardInput()
        backwardWeight()
    }
}
