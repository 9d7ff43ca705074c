import Layers

extension PhaseSettings {
    /// What the rate does in the course of a run, in a few words: "0.01 until epoch 2, then a cosine to 0 at epoch 5".
    public var scheduleText: String {
        func text(_ value: Double) -> String { Setting.real(value).flow }
        let rising = schedule.warmUp > 0 ? "from 0 over \(text(schedule.warmUp)) epochs to " : ""
        switch schedule.kind {
        case .constant:
            return "\(rising)\(text(rate))"
        case .steps(let at, let factor):
            let values = at.indices.map { index in at[...index].reduce(rate) { value, _ in value * factor } }
            return "\(rising)\(text(rate))" + zip(at, values).map { ", \(Self.short($1)) after epoch \($0)" }.joined()
        case .cosine(let from, let to, let after):
            let start = from > 0 ? "\(text(rate)) until epoch \(text(from)), then" : "\(text(rate)), by"
            let held = after > 0 ? ", then \(Self.short(rate * after))" : ""
            return "\(rising)\(start) a cosine to 0 at epoch \(text(to))\(held)"
        }
    }

    /// Rounded, without noise in the last digits.
    private static func short(_ value: Double) -> String {
        let scale = 1e12
        let rounded = (value * scale).rounded() / scale
        return Setting.real(abs(value) < 1e-6 ? value : rounded).flow
    }
}
