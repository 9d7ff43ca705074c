/// What the losses figure shows of a run: its metrics as curves over the steps.
public struct TrainingCurves: Sendable, Equatable {
    /// The unit of `reconstruction`, for one image.
    public var costUnit: String
    /// The cost that is minimised, on the training images.
    public var reconstruction: LossCurve
    /// Half the squared error of an image, where the cost is not that error.
    public var squaredError: LossCurve?
    /// Half the squared error of an image, on held-out images.
    public var heldOut: LossCurve?
    /// The losses of discriminators and generators, one curve a phase.
    public var adversaries: [LossCurve]
    /// The losses of each adversary, where a phase has several.
    public var eachAdversary: [LossCurve]
    /// Further terms of the reconstruction's phase, and what other phases minimise.
    public var others: [LossCurve]
    /// The learning rate of each phase.
    public var rates: [LossCurve]
    /// Nil where it is not known.
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
