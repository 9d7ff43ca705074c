import Autoencoder

/// Settings of a run, which reading and writing visit in the same way: each key once, in the order of a recipe.
extension Configuration {
    /// What a step takes, how many there are, and what they are computed with.
    mutating func visitCounts(_ keys: some SettingKeys) throws {
        let areUsual = shards == Self.defaultShards(minibatch: minibatch)
        try keys.integer("minibatch", &minibatch, 1...ConfigurationLimits.minibatch)
        // The shards follow the minibatch where their number is not given.
        if areUsual { shards = Self.defaultShards(minibatch: minibatch) }
        try keys.integer("shards", &shards, 1...ConfigurationLimits.shards)
        try keys.integer("epochs", &epochs, 1...Int(Int32.max))
        try keys.integer("steps", &steps, 0...Int(Plausible.count))
        try keys.integer("seed", &seed, 0...UInt64.max)
        try keys.integer("threads", &threads, 1...ConfigurationLimits.threads)
    }

    /// What is kept, judged and drawn of a run.
    mutating func visitRecords(_ keys: some SettingKeys) throws {
        try keys.mapping("checkpoint") { try checkpoint.visit($0) }
        try keys.mapping("evaluate") { try $0.integer("every_epochs", &evaluate.everyEpochs, counts) }
        try keys.mapping("figures") { try figures.visit($0) }
    }
}

extension CheckpointSettings {
    fileprivate mutating func visit(_ keys: some SettingKeys) throws {
        try keys.integer("every_steps", &everySteps, counts)
        try keys.seconds("every_seconds", &everySeconds)
        try keys.integer("every_epochs", &everyEpochs, counts)
        try keys.integer("keep", &keep, 1...counts.upperBound)
        try keys.integer("keep_every_epochs", &keepEveryEpochs, counts)
    }
}

extension FigureSettings {
    fileprivate mutating func visit(_ keys: some SettingKeys) throws {
        try keys.integer("every_epochs", &everyEpochs, counts)
        try keys.integer("keep", &keep, 1...counts.upperBound)
        try keys.integer("keep_every_epochs", &keepEveryEpochs, counts)
    }
}

/// 0 switches a rule off.
private let counts = 0...Int(Int32.max)
