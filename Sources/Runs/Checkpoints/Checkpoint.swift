/// Where a run stood when a checkpoint was taken.
public struct CheckpointInfo: Sendable, Equatable {
    /// Steps done.
    public var step: UInt64
    /// Epoch of the last step done, from 1; 0 before the first.
    public var epoch: Int
    /// Whether that epoch is complete, which is what `keep_every_epochs` goes by.
    public var endsEpoch: Bool
    /// `Configuration.identityDigest` of the run.
    public var identity: String

    public init(step: UInt64, epoch: Int, endsEpoch: Bool, identity: String) {
        self.step = step
        self.epoch = epoch
        self.endsEpoch = endsEpoch
        self.identity = identity
    }
}

/// A checkpoint on disk, whole at the time it was looked at.
public struct Checkpoint: Sendable, Equatable {
    /// The folder `step-00012345`.
    public let path: String
    public let info: CheckpointInfo
    /// Length of the state file.
    public let bytes: Int
    /// SHA-256 of the state file, 64 hex digits.
    public let sha256: String

    /// The safetensors file in it.
    public var statePath: String { path + "/" + CheckpointLayout.stateName }

    /// Opens the state file. Throws `SafetensorsError` or `DiskError`.
    public func open() throws -> SafetensorsReader {
        try SafetensorsReader(path: statePath)
    }
}

/// A checkpoint that was passed over, and why.
public struct LeftOut: Sendable, Equatable, CustomStringConvertible {
    public let path: String
    public let reason: String

    /// To follow "passed over a checkpoint: ".
    public var description: String { "\(path): \(reason)" }
}

/// No checkpoint as asked for.
public struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String
}

/// Names inside a folder of checkpoints.
enum CheckpointLayout {
    static let stateName = "state.safetensors"
    static let manifestName = "manifest.json"
    static let prefix = "step-"
    /// Starts the name of a folder that is still being written.
    static let temporaryPrefix = ".partial-"
    /// Starts the name of a folder that makes way for another of its step.
    static let replacedPrefix = ".replaced-"

    static func name(step: UInt64) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    static func replacedName(step: UInt64) -> String { replacedPrefix + name(step: step) }

    static func step(ofName name: String) -> UInt64? {
        guard name.hasPrefix(prefix), let step = UInt64(name.dropFirst(prefix.count)), self.name(step: step) == name else {
            return nil
        }
        return step
    }
}
