import Kernels

/// Numbers that Tests/Verification/evaluation.py makes too, to the bit: a linear congruence, of which the upper 24 bits make a
/// float from −0.5 to 0.5.
struct ReferenceNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / 16_777_216 - 0.5
    }

    mutating func below(_ limit: Int) -> Int { Int((Double(next()) + 0.5) * Double(limit)) }

    mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix {
        Matrix(Slice((0..<rows * columns).map { _ in next() }), rows: rows, columns: columns)
    }

    /// Codes of three dimensions about the corners of a square, and the corners; every third one strays far.
    static func labelled(_ rows: Int, seed: UInt64) -> (codes: Matrix, labels: [UInt8]) {
        var numbers = ReferenceNumbers(seed: seed)
        let codes = Matrix(rows: rows, columns: 3)
        var labels: [UInt8] = []
        for row in 0..<rows {
            let label = numbers.below(4)
            let width: Float = row % 3 == 0 ? 3 : 1
            for (column, corner) in [label % 2, label / 2, 0].enumerated() {
                codes[row, column] = numbers.next() * width + Float(corner)
            }
            labels.append(UInt8(label))
        }
        return (codes, labels)
    }

    /// Classes of five, and clusters of seven that know something of them; the last cluster is empty.
    static func divisions(_ rows: Int, seed: UInt64) -> (classes: [Int], clusters: [Int]) {
        var numbers = ReferenceNumbers(seed: seed)
        var (classes, clusters): ([Int], [Int]) = ([], [])
        for _ in 0..<rows {
            let label = numbers.below(5)
            classes.append(label)
            clusters.append(numbers.below(3) > 0 ? label : numbers.below(6))
        }
        return (classes, clusters)
    }
}
