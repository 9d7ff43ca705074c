import Glibc
import Kernels

/// The frames of the mixture prior's components: petal k lies `distance` out from the origin in the direction 2πk/K.
struct Petals: Sendable {
    let components: Int
    let radial: Double
    let tangential: Double
    let distance: Double
    private let directions: [(cosine: Double, sine: Double)]

    init(components: Int, radial: Double, tangential: Double, distance: Double) {
        precondition(components > 0 && radial > 0 && tangential > 0, "\(components) petals of \(radial) x \(tangential)")
        self.components = components
        self.radial = radial
        self.tangential = tangential
        self.distance = distance
        directions = (0..<components).map { k in
            let angle = 2 * Double.pi * Double(k) / Double(components)
            return (cos(angle), sin(angle))
        }
    }

    /// A point given in the frame of a petal, in standard deviations from its middle.
    func point(petal: Int, radial r: Double, tangential t: Double) -> (x: Double, y: Double) {
        let (cosine, sine) = directions[petal]
        let out = distance + r * radial
        let aside = t * tangential
        return (out * cosine - aside * sine, out * sine + aside * cosine)
    }

    /// The petal under which (x, y) is most likely, and its place in that petal's frame, in standard deviations.
    func place(x: Double, y: Double) -> (petal: Int, place: EqualCells.Place) {
        var best = (petal: 0, place: EqualCells.Place(along: 0, across: 0))
        var least = Double.infinity
        for (petal, direction) in directions.enumerated() {
            let along = (x * direction.cosine + y * direction.sine - distance) / radial
            let across = (y * direction.cosine - x * direction.sine) / tangential
            let square = along * along + across * across
            if square < least {
                least = square
                best = (petal, EqualCells.Place(along: along, across: across))
            }
        }
        return best
    }

    /// A cut of every petal into along × across cells of equal probability, the same in each petal's frame; `sample` is of the prior.
    ///
    /// Petals overlap near the origin, where a sample of one may be likelier under another; the reference sample goes the same way
    /// as a code, so that the overlap is in the quantiles. All petals are alike: each lends its points to the one cut.
    func cells(along: Int, across: Int, sample: Matrix) -> EqualCells {
        let places = (0..<sample.rows).map { place(x: Double(sample[$0, 0]), y: Double(sample[$0, 1])).place }
        return EqualCells(along: along, across: across, sample: places)
    }
}
