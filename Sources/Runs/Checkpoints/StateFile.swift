import Autoencoder
import Kernels

/// The whole training state as the bytes of a safetensors file and back: what checkpoint, join and resume share.
public enum StateFile {
    /// Metadata keys besides the tensors.
    enum Key {
        static let step = "step"
        static let epoch = "epoch"
        static let applied = "applied"
        static let chain = "chain"
        static let configuration = "configuration"
    }

    /// The file's bytes, piece by piece.
    ///
    /// - Parameters:
    ///   - configuration: the whole effective configuration as YAML, kept as string metadata.
    ///   - pieceBytes: longest piece.
    public static func stream(
        _ snapshot: Snapshot, configuration: String, pieceBytes: Int = 1 << 20
    ) throws -> SafetensorsStream {
        try SafetensorsStream(
            snapshot.tensors,
            metadata: [
                Key.step: "\(snapshot.step)", Key.epoch: "\(snapshot.epoch)", Key.applied: "\(snapshot.applied)",
                Key.chain: String(snapshot.chain, radix: 16), Key.configuration: configuration,
            ], chunkBytes: pieceBytes)
    }

    /// Every tensor of the file, read into memory of its own.
    public static func tensors(of reader: SafetensorsReader) throws -> [Tensor] {
        try reader.tensors.map { entry in
            guard stateTypes.contains(entry.type) else {
                throw StateFileError(
                    "tensor \(entry.name) is of type \(entry.type.safetensorsName), which no training state holds")
            }
            return Tensor(name: entry.name, shape: entry.shape, values: try reader.values(entry.name))
        }
    }

    /// The configuration of the run that the file is of; nil where it has none that can be read.
    public static func configuration(of reader: SafetensorsReader, path: String) -> Configuration? {
        reader.metadata[Key.configuration].flatMap { try? Configuration.read(yaml: $0, file: path) }
    }

    private static let stateTypes: Set<ElementType> = [.f32, .f64, .i32]

    /// Steps done, epoch of the last one, phases applied and chain hash of the file.
    public static func position(of reader: SafetensorsReader) throws -> (step: UInt64, epoch: Int, applied: UInt64, chain: UInt64) {
        func field(_ key: String) throws -> String {
            guard let text = reader.metadata[key] else {
                throw StateFileError("the file has no \"\(key)\" among its metadata, so it is no training state")
            }
            return text
        }
        guard let step = UInt64(try field(Key.step)), let epoch = Int(try field(Key.epoch)),
            let applied = UInt64(try field(Key.applied)), let chain = UInt64(try field(Key.chain), radix: 16)
        else { throw StateFileError("the file's step, epoch, applied or chain is no number") }
        guard step <= Plausible.count, (0...Int(Plausible.count)).contains(epoch), applied <= Plausible.phases else {
            throw StateFileError("the file speaks of step \(step), epoch \(epoch) and \(applied) phases, which no run comes to")
        }
        return (step, epoch, applied, chain)
    }

    /// Puts the file's state into a replica of the same settings.
    public static func restore(_ replica: Replica, from reader: SafetensorsReader) throws {
        let position = try position(of: reader)
        try replica.restore(tensors(of: reader), applied: position.applied, chain: position.chain)
    }
}

/// A file that is whole but holds no training state.
public struct StateFileError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }
}
