import Evaluation
import Figures

extension EpochFigures {
    /// What stands below a run's picture where runs are laid side by side, a line each.
    package var besideNotes: [String] {
        func rounded(_ value: Double) -> String { Number.short(value) }
        func percent(_ share: Double) -> String { "\(Number.short(100 * share)) %" }
        var notes: [String] = []
        if let match {
            notes.append("holes \(percent(match.holes.share)), of the prior itself \(percent(match.holesZero))")
            if tellsEnergy {
                notes.append("energy distance \(rounded(match.energyDistance)), of the prior itself \(rounded(match.energyZero))")
            }
        }
        if let error = reconstruction {
            notes.append("reconstruction \(rounded(error.halfSquared)) half squared error an image")
        }
        if let match = sampleMatch {
            notes.append(
                "explained \(percent(match.explained)), by other images \(percent(match.byImages)), by noise \(percent(match.byNoise))"
            )
        }
        if let labels {
            if isTaught, let error = labels.error { notes.append("classification error \(percent(error))") }
            if !isTaught, let error = labels.majorityError { notes.append("clustering error by majority \(percent(error))") }
        }
        return notes
    }
}
