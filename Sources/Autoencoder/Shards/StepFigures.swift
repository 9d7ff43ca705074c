/// Mean and standard deviation of the values of a minibatch's codes.
public struct CodeFigures: Sendable, Equatable {
    public var mean: Double
    public var std: Double

    public init(mean: Double, std: Double) {
        self.mean = mean
        self.std = std
    }
}

/// What is printed of a step.
public struct StepFigures: Sendable, Equatable {
    /// One a phase, in their order.
    public var losses: [Loss]
    /// Squared error of an image, summed over its pixels; mean over the minibatch. Nil where nothing is reconstructed.
    public var pixelError: Double?
    /// Nil where no image is encoded.
    public var code: CodeFigures?
    /// The share of the labelled minibatch that is given another class; nil where there is none.
    public var error: Double?

    public init(losses: [Loss], pixelError: Double?, code: CodeFigures?, error: Double? = nil) {
        self.losses = losses
        self.pixelError = pixelError
        self.code = code
        self.error = error
    }
}
