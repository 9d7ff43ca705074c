/// When checkpoints are taken and which stay (`checkpoint:` of a recipe). Whichever comes first counts; 0 switches a rule off.
public struct CheckpointSettings: Sendable, Hashable {
    public var everySteps: Int
    /// Seconds since the last one.
    public var everySeconds: Double
    public var everyEpochs: Int
    /// How many of the newest stay; at least 1.
    public var keep: Int
    /// Those at the end of every so many epochs stay for good.
    public var keepEveryEpochs: Int

    public init(everySteps: Int = 0, everySeconds: Double = 60, everyEpochs: Int = 1, keep: Int = 3, keepEveryEpochs: Int = 10) {
        self.everySteps = everySteps
        self.everySeconds = everySeconds
        self.everyEpochs = everyEpochs
        self.keep = keep
        self.keepEveryEpochs = keepEveryEpochs
    }
}

/// How often the validation images are evaluated (`evaluate:` of a recipe); 0 is never.
public struct EvaluateSettings: Sendable, Hashable {
    public var everyEpochs: Int

    public init(everyEpochs: Int = 1) {
        self.everyEpochs = everyEpochs
    }
}

/// How often pictures are drawn and which stay (`figures:` of a recipe); 0 switches a rule off.
public struct FigureSettings: Sendable, Hashable {
    public var everyEpochs: Int
    /// How many of the newest epochs keep their pictures; at least 1.
    public var keep: Int
    /// Those of every so many epochs stay for good.
    public var keepEveryEpochs: Int

    public init(everyEpochs: Int = 1, keep: Int = 10, keepEveryEpochs: Int = 10) {
        self.everyEpochs = everyEpochs
        self.keep = keep
        self.keepEveryEpochs = keepEveryEpochs
    }
}
