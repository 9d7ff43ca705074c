import Glibc
import Kernels
import Layers

/// N(0, std²) in every dimension of the code.
struct GaussianPrior: Prior {
    var std = 5.0

    var kind: String { "gaussian" }

    mutating func visit(_ keys: some SettingKeys) throws { try keys.real("std", &std, .deviation) }

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        source.fillNormal(samples, firstRow: firstRow, std: Float(std))
    }

    var density: KnownDensity { .closed(.gaussian(std: std)) }

    /// 20 rings × 20 sectors; 400 intervals where codes have one dimension.
    func cells(codeSize: Int) -> CodeCells {
        guard codeSize > 1 else {
            return CodeCells(intervals: CodeCells.wanted) { NormalDistribution.cumulative($0 / std) }
        }
        let (rings, sectors) = (20, 20)
        return CodeCells(count: rings * sectors) { x, y in
            let inside = 1 - exp(-0.5 * (x / std * x / std + y / std * y / std))
            let turn = atan2(y, x) / (2 * Double.pi)
            return CodeCells.part(inside, of: rings) * sectors + CodeCells.part(turn < 0 ? turn + 1 : turn, of: sectors)
        }
    }

    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        PriorWalk(
            rows, columns, codeSize, filler: 0, place: { NormalDistribution.quantile($0) * std },
            caption: "parts of equal probability of a Gaussian of std \(PriorWalk.text(std))")
    }
}

extension PriorSettings {
    /// N(0, std²) in every dimension of the code.
    public static func gaussian(std: Double) -> PriorSettings { PriorSettings(GaussianPrior(std: std)) }
}
