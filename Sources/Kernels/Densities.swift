import CKernels

// Shapes of this file: B rows, Z code.

/// Log-densities at the rows of a matrix, in double precision, and the gradient of their negatives, the cost of a code.
///
/// `gradient` may be the codes themselves.
public enum Densities {
    /// log N(z; 0, std²) of each row of `codes` (B, Z) into `densities` (B); gradient z / std² (B, Z).
    public static func gaussian(_ codes: Matrix, std: Double, into densities: Slice<Double>, gradient: Matrix?) {
        check(codes, densities, gradient)
        let constant = Double(codes.columns) * (VectorMath.log(std) + 0.5 * VectorMath.log(2 * Double.pi))
        ck_gaussian_density(
            codes.values.base, std, constant, densities.base, gradient?.values.base, codes.rows, codes.columns)
    }

    /// The log-density of petals in the plane, equally likely: petal k of K is N(0, radial²) along and N(0, tangential²) across,
    /// moved out by `distance` and rotated by 2πk/K. `codes` and `gradient` (B, 2), `densities` (B).
    public static func petals(
        _ codes: Matrix, components: Int, radial: Double, tangential: Double, distance: Double, into densities: Slice<Double>,
        gradient: Matrix?
    ) {
        precondition(codes.columns == 2 && components > 0, "Petals lie in the plane")
        check(codes, densities, gradient)
        let directions = (0..<components).flatMap { component in
            let turn = 2 * Double.pi * Double(component) / Double(components)
            return [VectorMath.cos(turn), VectorMath.sin(turn)]
        }
        let scale = Double(components) * (2 * Double.pi) * radial * tangential
        directions.withUnsafeBufferPointer { directions in
            ck_petals_density(
                codes.values.base, directions.baseAddress, components, radial, tangential, distance, VectorMath.log(scale),
                densities.base, gradient?.values.base, codes.rows)
        }
    }

    private static func check(_ codes: Matrix, _ densities: Slice<Double>, _ gradient: Matrix?) {
        precondition(densities.count == codes.rows, "There is one density a row")
        if let gradient {
            precondition(gradient.rows == codes.rows && gradient.columns == codes.columns, "Codes and gradient differ in shape")
        }
    }
}
