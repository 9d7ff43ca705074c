import Autoencoder

/// Codes on a grid over the prior, whose decoded images show the manifold (figure 2e of the paper).
///
/// Gaussian and uniform: the first two dimensions at the middles of parts of equal probability, the first to the right, the second
/// upwards, every other dimension 0 (the middle, for a uniform prior). Mixture: a row for each petal, from the inside out along its
/// axis. Swiss roll, and codes of one dimension: along the roll or the line, in reading order.
public struct PriorWalk: Sendable, Equatable {
    public let rows: Int
    public let columns: Int
    /// Numbers in a code.
    public let dimensions: Int
    /// `rows` × `columns` × `dimensions`, row by row from the top left.
    public let codes: [Float]
    /// How the codes were chosen, in a few words.
    public let caption: String
    /// The coordinate of each column; none where columns have none of their own.
    public let horizontal: [Double]
    /// The coordinate of each row from the top; none where rows have none of their own.
    public let vertical: [Double]

    /// A walk over `prior` for codes of `codeSize` dimensions. A mixture has as many rows as petals, whatever `rows` says.
    public init(_ prior: PriorSettings, codeSize: Int, rows: Int = 20, columns: Int = 20) {
        precondition(codeSize > 0 && rows > 0 && columns > 0, "a walk of \(rows) x \(columns) codes of \(codeSize)")
        precondition(codeSize > 1 || !prior.requiresTwoDimensions, "a \(prior.kind) prior in one dimension")
        let others = codeSize > 2 ? ", other dimensions in the middle" : ""
        switch prior {
        case .gaussian(let std):
            let place = { NormalDistribution.quantile($0) * std }
            self.init(
                rows, columns, codeSize, filler: 0, place: place,
                caption: "parts of equal probability of a Gaussian of std \(PriorWalk.text(std))\(others)")
        case .uniform(let low, let high):
            self.init(
                rows, columns, codeSize, filler: (low + high) / 2, place: { low + $0 * (high - low) },
                caption: "equal steps from \(PriorWalk.text(low)) to \(PriorWalk.text(high))\(others)")
        case .mixture(let components, let radial, let tangential, let distance):
            let petals = Petals(components: components, radial: radial, tangential: tangential, distance: distance)
            let along = NormalDistribution.middles(columns)
            let points = (0..<components).flatMap { petal in along.map { petals.point(petal: petal, radial: $0, tangential: 0) } }
            self.init(
                components, columns, codeSize, points: points, caption: "each row one petal, along its axis from the inside out")
        case .swissRoll(let thickness):
            let roll = SwissRoll(thickness: thickness)
            let count = rows * columns
            let points = (0..<count).map { roll.middle((Double($0) + 0.5) / Double(count)) }
            self.init(rows, columns, codeSize, points: points, caption: "along the roll from its inner end, in reading order")
        }
    }

    /// Equal parts of a prior whose dimensions are independent and alike.
    private init(
        _ rows: Int, _ columns: Int, _ codeSize: Int, filler: Double, place: (Double) -> Double, caption: String
    ) {
        func middles(_ count: Int) -> [Double] { (0..<count).map { place((Double($0) + 0.5) / Double(count)) } }
        self.rows = rows
        self.columns = columns
        dimensions = codeSize
        guard codeSize > 1 else {
            codes = middles(rows * columns).map { Float($0) }
            self.caption = caption + ", in reading order"
            horizontal = []
            vertical = []
            return
        }
        let across = middles(columns)
        let up = Array(middles(rows).reversed())
        horizontal = across
        vertical = up
        self.caption = caption
        let rest = [Float](repeating: Float(filler), count: codeSize - 2)
        codes = up.flatMap { y in across.flatMap { x in [Float(x), Float(y)] + rest } }
    }

    /// Points of the plane in reading order.
    private init(_ rows: Int, _ columns: Int, _ codeSize: Int, points: [(x: Double, y: Double)], caption: String) {
        self.rows = rows
        self.columns = columns
        dimensions = codeSize
        let rest = [Float](repeating: 0, count: codeSize - 2)
        codes = points.flatMap { [Float($0.x), Float($0.y)] + rest }
        self.caption = caption
        horizontal = []
        vertical = []
    }

    /// Whole numbers without a point.
    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
    }
}
