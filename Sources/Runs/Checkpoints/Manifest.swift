import Kernels

/// `manifest.json` of a checkpoint: written after the state file is on the device, so a folder without one is not whole.
///
/// The manifest seals the state file by its SHA-256, and its own values by a CRC-32C: a manifest in which a byte has changed is not believed
/// either.
package struct Manifest: Sendable, Equatable {
    /// Version of the folder's layout; a reader refuses others.
    static let format = 1
    /// Longest manifest that is read.
    package static let maximumBytes = 65_536

    package var info: CheckpointInfo
    package var bytes: Int
    package var sha256: String

    /// What is wrong with a manifest, in words that follow the checkpoint's name.
    package struct Malformed: Error {
        package let reason: String
    }

    package init(info: CheckpointInfo, bytes: Int, sha256: String) {
        self.info = info
        self.bytes = bytes
        self.sha256 = sha256
    }

    package var text: String { JSON.object(members + [JSON.Member(Self.sealKey, .string(seal))]).text + "\n" }

    private static let sealKey = "crc32c"

    private var members: [JSON.Member] {
        [
            .init("format", JSON(Self.format)),
            .init("file", .string(CheckpointLayout.stateName)),
            .init("bytes", JSON(bytes)),
            .init("sha256", .string(sha256)),
            .init("step", .unsigned(info.step)),
            .init("epoch", JSON(info.epoch)),
            .init("ends_epoch", .bool(info.endsEpoch)),
            .init("configuration", .string(info.identity)),
        ]
    }

    /// Eight hex digits over the members before it, as this version writes them.
    private var seal: String { String(hexDigits(UInt64(CRC32C.checksum(Array(JSON.object(members).text.utf8)))).suffix(8)) }

    package init(parsing bytes: [UInt8]) throws {
        guard bytes.count <= Self.maximumBytes else {
            throw Malformed(reason: "its manifest is longer than \(Self.maximumBytes) bytes")
        }
        guard let object = try? JSON(parsing: bytes) else {
            throw Malformed(reason: "its manifest is cut short or damaged: it is not JSON")
        }
        guard let format = object["format"]?.intValue else { throw Malformed(reason: "its manifest names no format") }
        guard format == Self.format else {
            throw Malformed(reason: "its manifest has format \(format), and this version reads format \(Self.format)")
        }
        guard let length = object["bytes"]?.intValue, let sha256 = object["sha256"]?.stringValue,
            let step = object["step"]?.unsignedValue,
            let epoch = object["epoch"]?.intValue, let endsEpoch = object["ends_epoch"]?.boolValue,
            let identity = object["configuration"]?.stringValue
        else { throw Malformed(reason: "its manifest lacks one of bytes, sha256, step, epoch, ends_epoch, configuration") }
        guard step <= Plausible.count, (0...Int(Plausible.count)).contains(epoch), (0...Plausible.bytes).contains(length) else {
            throw Malformed(
                reason: "its manifest speaks of step \(step), epoch \(epoch) and \(length) bytes, which no run comes to")
        }
        self.init(
            info: CheckpointInfo(step: step, epoch: epoch, endsEpoch: endsEpoch, identity: identity), bytes: length, sha256: sha256)
        // Manifests of 0.1.0 have no seal; they are taken at their word.
        if let seal = object[Self.sealKey], seal.stringValue != self.seal {
            throw Malformed(reason: "its manifest is damaged: the checksum in it is not that of the rest")
        }
    }
}
