/// What the losses figure shows of a run: its metrics as curves over the steps.
public struct TrainingCurves: Sendable, Equatable {
    /// What `reconstruction` counts, for one image.
    public var costUnit: String
    /// The cost that is minimised, as the training images give it.
    public var reconstruction: LossCurve
    /// Half the squared error of an image, where the cost is another.
    public var squaredError: LossCurve?
    /// Half the squared error of an image, on held-out images.
    public var heldOut: LossCurve?
    /// The losses of discriminators and generators, a phase each.
    public var adversaries: [LossCurve]
    /// Those of each adversary, where a phase has several.
    public var eachAdversary: [LossCurve]
    /// Further terms of the reconstruction's phase, and what other phases make small.
    public var others: [LossCurve]
    /// The learning rate of each phase.
    public var rates: [LossCurve]
    /// Where it can be told.
    public var stepsPerEpoch: Int?

    /// The unit of `squaredError` and `heldOut`.
    public static let squaredUnit = "half squared error an image"

    public init(
        costUnit: String = TrainingCurves.squaredUnit, reconstruction: LossCurve, squaredError: LossCurve? = nil,
        heldOut: LossCurve? = nil, adversaries: [LossCurve] = [], eachAdversary: [LossCurve] = [],
        others: [LossCurve] = [], rates: [LossCurve] = [], stepsPerEpoch: Int? = nil
    ) {
        self.costUnit = costUnit
        self.reconstruction = reconstruction
        self.squaredError = squaredError
        self.heldOut = heldOut
        self.adversaries = adversaries
        self.eachAdversary = eachAdversary
        self.others = others
        self.rates = rates
        self.stepsPerEpoch = stepsPerEpoch
    }
}
