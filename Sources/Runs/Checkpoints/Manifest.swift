/// `manifest.json` of a checkpoint: written after the state file is on the device, so a folder without one is not whole.
struct Manifest: Sendable, Equatable {
    /// Version of the folder's layout; a reader refuses others.
    static let format = 1
    /// Longest manifest that is read.
    static let maximumBytes = 65_536

    var info: CheckpointInfo
    var bytes: Int
    var sha256: String

    /// What is wrong with a manifest, in words that follow "is left out:".
    struct Malformed: Error {
        let reason: String
    }

    init(info: CheckpointInfo, bytes: Int, sha256: String) {
        self.info = info
        self.bytes = bytes
        self.sha256 = sha256
    }

    var text: String {
        let object: JSON = [
            "format": JSON(Self.format),
            "file": .string(CheckpointLayout.stateName),
            "bytes": JSON(bytes),
            "sha256": .string(sha256),
            "step": .unsigned(info.step),
            "epoch": JSON(info.epoch),
            "ends_epoch": .bool(info.endsEpoch),
            "configuration": .string(info.identity),
        ]
        return object.text + "\n"
    }

    init(parsing bytes: [UInt8]) throws {
        guard bytes.count <= Self.maximumBytes else {
            throw Malformed(reason: "its manifest is longer than \(Self.maximumBytes) bytes")
        }
        guard let object = try? JSON(parsing: bytes) else { throw Malformed(reason: "its manifest is not JSON") }
        guard let format = object["format"]?.intValue else { throw Malformed(reason: "its manifest names no format") }
        guard format == Self.format else {
            throw Malformed(reason: "its manifest has format \(format), and this version reads format \(Self.format)")
        }
        guard let length = object["bytes"]?.intValue, let sha256 = object["sha256"]?.stringValue,
            let step = object["step"]?.unsignedValue,
            let epoch = object["epoch"]?.intValue, let endsEpoch = object["ends_epoch"]?.boolValue,
            let identity = object["configuration"]?.stringValue
        else { throw Malformed(reason: "its manifest lacks one of bytes, sha256, step, epoch, ends_epoch, configuration") }
        self.init(
            info: CheckpointInfo(step: step, epoch: epoch, endsEpoch: endsEpoch, identity: identity), bytes: length, sha256: sha256)
    }
}
