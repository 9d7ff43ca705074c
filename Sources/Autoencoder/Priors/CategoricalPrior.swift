import Kernels

/// A one-hot of K classes, each as likely: what an encoder's label head is made to follow (section 5 of the paper).
///
/// No recipe names it; it is used beside the prior of the style.
struct CategoricalPrior: Prior {
    let classes: Int

    var kind: String { "categorical" }
    var dimensions: Int? { classes }

    func problem(classes: Int) -> String? {
        classes == self.classes ? nil : "a categorical prior of \(self.classes) classes has no part for each of \(classes)"
    }

    /// The element of a row that decides its class. It lies beyond the elements of every code: the style of the same row has its own prior with the
    /// same purpose, and the two must be independent.
    private static let element = 1 << 32

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        samples.values.fill(0)
        for row in 0..<samples.rows {
            let uniform = source.uniform(row: UInt32(firstRow + row), element: Self.element)
            samples[row, labels?[row] ?? PriorParts.part(uniform, of: classes)] = 1
        }
    }

    var density: KnownDensity { .none(because: "lies on \(classes) points") }

    /// One cell for each class: a code belongs to its largest entry, or to the first of equal ones.
    func cells(codeSize: Int) -> CodeCells {
        CodeCells(count: classes, dimensions: classes) { code in
            code.indices.reduce(0) { code[$1] > code[$0] ? $1 : $0 }
        }
    }

    var walkRows: Int? { classes }

    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        PriorWalk(rows: classes, columns: 1, caption: "each row one class") { row, _ in
            (0..<classes).map { $0 == row ? 1 : 0 }
        }
    }
}

extension PriorSettings {
    /// A one-hot of so many classes, each as likely.
    public static func categorical(classes: Int) -> PriorSettings {
        precondition(classes >= 1, "\(classes) classes")
        return PriorSettings(CategoricalPrior(classes: classes))
    }
}
