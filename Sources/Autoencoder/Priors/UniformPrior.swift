import Kernels

/// Uniform on [low, high] in every dimension of the code.
struct UniformPrior: Prior {
    var low = -2.0
    var high = 2.0

    var kind: String { "uniform" }

    mutating func visit(_ keys: some SettingKeys) throws {
        try keys.real("low", &low, .any)
        try keys.real("high", &high, .any)
    }

    var problem: SettingsError? {
        let what = "a uniform prior from \(low) to \(high) is impossible"
        let text = low >= high ? "\(what), expected low below high" : "\(what): in single precision its width is 0"
        // Two bounds that round to the same single-precision number have nothing between them, however far from 0 their difference is.
        let isWide = Float(low) < Float(high) && Float(high - low).isNormal
        return low < high && isWide ? nil : SettingsError(key: "prior.high", problem: text, with: ["prior.low"])
    }

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        source.fillUniform(samples, firstRow: firstRow)
        let (start, length) = (Float(low), Float(high - low))
        let values = samples.values
        for index in values.indices { values[index] = start + length * values[index] }
    }

    var density: KnownDensity {
        .none(because: "is 0 outside of its range, where every posterior reaches, so that their divergence is infinite")
    }

    /// 20 × 20 squares; 400 intervals where codes have one dimension.
    func cells(codeSize: Int) -> CodeCells {
        guard codeSize > 1 else { return CodeCells(intervals: CodeCells.wanted) { ($0 - low) / (high - low) } }
        let side = 20
        return CodeCells(count: side * side) { x, y in
            let across = (x - low) / (high - low)
            let up = (y - low) / (high - low)
            guard across >= 0, across <= 1, up >= 0, up <= 1 else { return nil }
            return CodeCells.part(up, of: side) * side + CodeCells.part(across, of: side)
        }
    }

    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        PriorWalk(
            rows, columns, codeSize, filler: (low + high) / 2, place: { low + $0 * (high - low) },
            caption: "equal steps from \(PriorWalk.text(low)) to \(PriorWalk.text(high))")
    }
}

extension PriorSettings {
    /// Uniform on [low, high] in every dimension.
    public static func uniform(low: Double, high: Double) -> PriorSettings { PriorSettings(UniformPrior(low: low, high: high)) }
}
