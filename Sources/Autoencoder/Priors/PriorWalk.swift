/// Codes on a grid over the prior, whose decoded images show the manifold (figure 2e of the paper).
///
/// Gaussian and uniform: the first two dimensions at the middles of parts of equal probability, the first to the right, the second
/// upwards, every other dimension 0 (the middle, for a uniform prior). Mixture: a row for each petal, from the inside out along its
/// axis. Swiss roll, and codes of one dimension: along the roll or the line, in reading order. Categorical: a row for each class. Samples:
/// these themselves, in reading order.
public struct PriorWalk: Sendable, Equatable {
    public let rows: Int
    public let columns: Int
    /// Numbers in a code.
    public let dimensions: Int
    /// `rows` × `columns` × `dimensions`, row by row from the top left.
    public let codes: [Float]
    /// How the codes were chosen, in a few words.
    public let caption: String
    /// The coordinate of each column; empty where columns have none of their own.
    public let horizontal: [Double]
    /// The coordinate of each row from the top; empty where rows have none of their own.
    public let vertical: [Double]

    /// Equal parts of a prior whose dimensions are independent and alike.
    ///
    /// - Parameters:
    ///   - filler: the value of every dimension after the second.
    ///   - place: the coordinate below which the prior has the given probability.
    init(_ rows: Int, _ columns: Int, _ codeSize: Int, filler: Double, place: (Double) -> Double, caption: String) {
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
        self.caption = caption + (codeSize > 2 ? ", other dimensions in the middle" : "")
        let rest = [Float](repeating: Float(filler), count: codeSize - 2)
        codes = up.flatMap { y in across.flatMap { x in [Float(x), Float(y)] + rest } }
    }

    /// A code for each place of the grid; rows and columns have no coordinates.
    init(rows: Int, columns: Int, caption: String, code: (_ row: Int, _ column: Int) -> [Double]) {
        self.rows = rows
        self.columns = columns
        self.caption = caption
        codes = (0..<rows).flatMap { row in (0..<columns).flatMap { code(row, $0).map { Float($0) } } }
        dimensions = codes.count / (rows * columns)
        horizontal = []
        vertical = []
    }

    /// A number as text; whole numbers without a decimal point.
    static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
    }
}
