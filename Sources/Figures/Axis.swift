/// A range of values along one side of a frame, with its ticks.
struct Axis: Sendable {
    enum Kind { case linear, logarithmic }

    struct Tick: Equatable {
        var value: Double
        var label: String
    }

    let kind: Kind
    let low: Double
    let high: Double

    /// An axis over low…high; where both are equal it is widened, so that a constant can be drawn.
    init(_ kind: Kind = .linear, low: Double, high: Double) {
        precondition(low.isFinite && high.isFinite && low <= high, "an axis from \(low) to \(high)")
        precondition(kind == .linear || low > 0, "a logarithmic axis from \(low)")
        self.kind = kind
        guard high - low <= max(abs(low), abs(high)) * 1e-9 else {
            self.low = low
            self.high = high
            return
        }
        switch kind {
        case .linear:
            let half = max(abs(low) * 0.1, low == 0 ? 1 : 0)
            self.low = low - half
            self.high = high + half
        case .logarithmic:
            self.low = low / 2
            self.high = high * 2
        }
    }

    /// 0 at `low`, 1 at `high`, linear between and beyond.
    func fraction(_ value: Double) -> Double {
        switch kind {
        case .linear: value / (high - low) - low / (high - low)
        case .logarithmic: (Axis.log10(value) - Axis.log10(low)) / (Axis.log10(high) - Axis.log10(low))
        }
    }

    /// Round values inside the axis, about `wanted` of them, with labels of one form; `whole` ones where fractions have no meaning.
    func ticks(about wanted: Int, whole: Bool = false) -> [Tick] {
        switch kind {
        case .linear: linearTicks(about: wanted, whole: whole)
        case .logarithmic: logarithmicTicks(about: wanted)
        }
    }

    /// The same for labels side by side along `pixels`: fewer where they would touch.
    func ticks(about wanted: Int, whole: Bool = false, in pixels: Int) -> [Tick] {
        var best: [Tick] = []
        for wanted in stride(from: max(1, wanted), through: 1, by: -1) {
            best = ticks(about: wanted, whole: whole)
            let apart = zip(best, best.dropFirst()).map { left, right in
                (fraction(right.value) - fraction(left.value)) * Double(pixels)
                    - Double(Lettering.body.width(of: left.label) + Lettering.body.width(of: right.label)) / 2
            }
            if apart.allSatisfy({ $0 >= Axis.leastGap }) { break }
        }
        return best
    }

    /// Columns between neighbouring labels.
    private static let leastGap = 14.0

    private func linearTicks(about wanted: Int, whole: Bool) -> [Tick] {
        let rough = max((high - low) / Double(max(1, wanted)), whole ? 1 : 0)
        var exponent = Int(Axis.log10(rough).rounded(.down))
        let lead = rough / Axis.power10(exponent)
        var unit = lead <= 1.5 ? 1 : lead <= 3.5 ? 2 : lead <= 7.5 ? 5 : 10
        if unit == 10 {
            unit = 1
            exponent += 1
        }
        let step = Double(unit) * Axis.power10(exponent)
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        guard first <= last, last - first < 1000 else { return [] }
        let largest = max(abs(first), abs(last)) * step
        return stride(from: first, through: last, by: 1).map { index in
            let value = index * step
            return Tick(value: value, label: Number.tick(value, step: step, exponent: exponent, largest: largest))
        }
    }

    /// Powers of ten, and their multiples by 2 and 5 where the powers alone would be too few.
    private func logarithmicTicks(about wanted: Int) -> [Tick] {
        let decades = Axis.log10(high) - Axis.log10(low)
        let leads: [Double] = decades < 1 ? [1, 1.5, 2, 3, 4, 5, 7] : decades < 3 ? [1, 2, 5] : [1]
        let every = max(1, Int((decades / Double(max(1, wanted))).rounded(.up)))
        let range = Int(Axis.log10(low).rounded(.down))...Int(Axis.log10(high).rounded(.up))
        var ticks: [Tick] = []
        for exponent in range where exponent % every == 0 {
            for lead in leads {
                let value = lead * Axis.power10(exponent)
                guard value >= low * (1 - 1e-9), value <= high * (1 + 1e-9) else { continue }
                ticks.append(Tick(value: value, label: Number.short(value)))
            }
        }
        return ticks
    }

    static func power10(_ exponent: Int) -> Double { Number.power10(exponent) }

    static func log10(_ value: Double) -> Double { Number.log10(value) }
}
