/// One of several runs on one picture.
public struct ComparedCurves: Sendable {
    /// The run's name in the legend.
    public let name: String
    public let curves: TrainingCurves

    public init(name: String, curves: TrainingCurves) {
        self.name = name
        self.curves = curves
    }
}

extension Figures {
    /// The number of runs that can be told apart on one picture.
    public static let mostCompared = Colour.runs.count
    /// Columns of a run's name in the legend.
    private static let nameWidth = 320

    /// The losses that all of the runs have: one panel for each loss, with a curve for each run; at most `mostCompared` runs.
    ///
    /// Colours go from dark to light in the order of the runs, so that a grey print tells them apart too.
    public static func comparison(_ runs: [ComparedCurves], title: FigureTitle) -> Raster {
        precondition(runs.count <= mostCompared, "\(runs.count) runs on one picture")
        let losses = runs.map { $0.curves.losses }
        let common = (losses.first ?? []).filter { loss in losses.allSatisfy { $0.contains { $0.title == loss.title } } }
        let panels = common.map { loss in
            LossPanel(
                title: loss.title,
                curves: zip(runs, losses).enumerated().flatMap { index, run in
                    run.1.filter { $0.title == loss.title }.map { own in
                        LossPanel.Curve(
                            own.curve, name: Lettering.body.fitted(run.0.name, width: nameWidth), style: own.style,
                            colour: Colour.runs[index])
                    }
                })
        }
        return stacked(
            panels.filter { $0.isDrawable }, "Runs beside each other", title, steps: "step",
            notes: ["lines: mean over a fiftieth of a run's steps, where there are that many; numbers: the newest value"])
    }
}

extension TrainingCurves {
    /// One quantity of a run, under a title that is the same in every run that has it.
    fileprivate struct Loss {
        let title: String
        let curve: LossCurve
        let style: LossPanel.Style
    }

    /// All losses. Learning rates are left out, since the table of settings has them.
    fileprivate var losses: [Loss] {
        func mean(_ title: String, _ curve: LossCurve) -> Loss { Loss(title: title, curve: curve, style: .mean) }
        let training = [mean("reconstruction: \(costUnit)", reconstruction)]
        let squared = squaredError.map { [mean("reconstruction: \(TrainingCurves.squaredUnit)", $0)] } ?? []
        let heldOut = heldOut.map {
            [Loss(title: "reconstruction of held-out images: \(TrainingCurves.squaredUnit)", curve: $0, style: .marked)]
        }
        let guessing = "nats a code (dashed: mere guessing)"
        return training + squared + (heldOut ?? []) + (adversaries + eachAdversary).map { mean("\($0.name), \(guessing)", $0) }
            + others.map { mean($0.name, $0) }
    }
}
