import Autoencoder
import Kernels

/// What the state of a run looks like. A state that comes in is compared with it before it takes a checkpoint's place.
public struct StateOutline: Sendable {
    private struct Form: Sendable, Equatable {
        var type: ElementType
        var shape: [Int]
    }

    private let forms: [String: Form]
    private let phases: UInt64
    /// Longest possible file of such a state: its tensors, and the longest header that they and the configuration make.
    public let maximumBytes: UInt64

    /// - Parameters:
    ///   - replica: any of the run's; only its names and sizes count.
    ///   - configuration: what the files carry among their metadata.
    public init(of replica: Replica, configuration: String) {
        let state = replica.state()
        forms = Dictionary(
            uniqueKeysWithValues: state.map { ($0.name, Form(type: $0.values.type, shape: $0.shape)) })
        phases = UInt64(replica.phases.count)
        // JSON takes at most six bytes for a byte of text, and at most twenty for a number.
        let header = state.reduce(4096 + 6 * configuration.utf8.count) { sum, tensor in
            sum + 256 + 6 * tensor.name.utf8.count + 24 * tensor.shape.count
        }
        maximumBytes = UInt64(header + state.reduce(0) { $0 + $1.values.byteCount })
    }

    /// Checks a whole file: its header, its tensors' names, types and shapes, and the position in the run that it states.
    ///
    /// - Parameter chain: the run's chain hash after that step, where it is known.
    /// - Throws: `SafetensorsError` or `StateFileError`: what it is instead.
    public func check(_ bytes: [UInt8], step: UInt64, chain: UInt64?) throws {
        let reader = try SafetensorsReader(bytes: bytes, name: "the state after step \(step)")
        let position = try StateFile.position(of: reader)
        guard position.step == step, position.applied == step * phases else {
            throw StateFileError("it is the state after step \(position.step) and \(position.applied) phases")
        }
        guard chain == nil || chain == position.chain else {
            throw StateFileError("it is a state to which other sums have led")
        }
        for tensor in reader.tensors where forms[tensor.name] != Form(type: tensor.type, shape: tensor.shape) {
            throw StateFileError("the run's state has no tensor \(tensor.name) of that type and shape")
        }
        guard reader.tensors.count == forms.count else {
            throw StateFileError("it has \(reader.tensors.count) tensors where the run's state has \(forms.count)")
        }
    }
}
