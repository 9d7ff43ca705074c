import Kernels
import Layers

extension Replica {
    /// The whole state in order of the tensors' names, as views of the replica's own memory.
    public func state() -> [Tensor] {
        var tensors: [Tensor] = []
        for (index, network) in model.networks.enumerated() {
            for tensor in network.layout.tensors {
                tensors.append(
                    Tensor(name: tensor.name, shape: tensor.shape, values: .f32(network.parameters[tensor.range])))
                if !averages.isEmpty {
                    tensors.append(
                        Tensor(
                            name: StateNames.average(tensor.name), shape: tensor.shape,
                            values: .f32(averages[index][tensor.range])))
                }
            }
        }
        return (tensors + states.flatMap(\.tensors)).sorted { StateNames.precedes($0.name, $1.name) }
    }

    /// Epoch of the last step done, counted from 1; 0 before the first.
    public var epoch: Int { settings.epochs.begun(after: step) }

    /// A copy of the whole state at this moment.
    public func snapshot() -> Snapshot {
        Snapshot(
            tensors: state().map { Tensor(name: $0.name, shape: $0.shape, values: $0.values.copied()) },
            applied: applied, chain: chain, step: step, epoch: epoch)
    }

    /// The 32 bytes of `lockstep digest`: of the parameters, or (`full`) of every tensor, step and epoch.
    public func digest(full: Bool) -> [UInt8] {
        full ? StateDigest.full(of: state(), step: step, epoch: epoch) : StateDigest.parameters(of: state())
    }

    /// Takes on another replica's state. Throws `StateError` where names, shapes or types differ; the state is then unchanged.
    public func restore(_ tensors: [Tensor], applied: UInt64, chain: UInt64) throws {
        let restorer = beginRestore()
        let mine = try tensors.map { try restorer.values(of: $0.name, shape: $0.shape, type: $0.values.type) }
        try restorer.requireAll()
        for (mine, tensor) in zip(mine, tensors) { mine.copy(from: tensor.values) }
        finishRestore(applied: applied, chain: chain)
    }

    /// Begins to take on a state that arrives tensor by tensor, straight into the replica's memory.
    public func beginRestore() -> StateRestorer { StateRestorer(self) }

    fileprivate func finishRestore(applied: UInt64, chain: UInt64) {
        self.applied = applied
        self.chain = chain
        for network in versions.indices { versions[network] += 1 }
        for state in states { state.lastChange = nil }
    }
}

/// A state on its way into a replica. Until `finish`, the replica's state is not to be used.
public final class StateRestorer {
    private let replica: Replica
    private let expected: [String: Tensor]
    private var missing: Set<String>

    init(_ replica: Replica) {
        self.replica = replica
        expected = Dictionary(uniqueKeysWithValues: replica.state().map { ($0.name, $0) })
        missing = Set(expected.keys)
    }

    /// The memory to write a tensor's values to. Throws `StateError` where the replica has no such tensor.
    public func values(of name: String, shape: [Int], type: ElementType) throws -> TensorValues {
        guard let tensor = expected[name] else {
            throw StateError(tensor: name, problem: "is not of this model; the run has another configuration")
        }
        guard tensor.shape == shape, tensor.values.type == type else {
            throw StateError(
                tensor: name,
                problem: "is \(type) of shape \(shape), expected \(tensor.values.type) of \(tensor.shape); "
                    + "the run has another configuration")
        }
        missing.remove(name)
        return tensor.values
    }

    /// Throws `StateError` if a tensor has not come yet.
    public func requireAll() throws {
        if let name = missing.min() {
            throw StateError(tensor: name, problem: "is missing, and \(missing.count - 1) more; the state is not whole")
        }
    }

    /// Ends the transfer. Throws `StateError` if a tensor has not come.
    ///
    /// - Parameters:
    ///   - applied: phases applied by the state's origin.
    ///   - chain: its chain hash.
    public func finish(applied: UInt64, chain: UInt64) throws {
        try requireAll()
        replica.finishRestore(applied: applied, chain: chain)
    }
}

extension PhaseState {
    /// The phase's own tensors of the state.
    fileprivate var tensors: [Tensor] {
        var tensors: [Tensor] = []
        for (name, buffer) in zip(optimizerSettings.stateNames, optimizer) {
            for tensor in description.tensors {
                tensors.append(
                    Tensor(
                        name: StateNames.optimizer(phase: description.name, state: name, tensor: tensor.name),
                        shape: tensor.shape, values: .f32(buffer[tensor.range])))
            }
        }
        if let betaPowers {
            tensors.append(
                Tensor(name: StateNames.betaPowers(phase: description.name), shape: [2], values: .f64(betaPowers.all)))
        }
        tensors.append(
            Tensor(
                name: StateNames.exponents(phase: description.name), shape: [exponents.count],
                values: .i32(exponents.all)))
        return tensors
    }
}
