import Kernels
import Layers

/// The memory that a training process needs, computed without allocating it.
extension TrainingSettings {
    /// The most bytes of arrays that a process takes to train all shards with so many threads: parameters, optimizer states, sums, a copy of the
    /// state on its way to the coordinator, a step's images, and its lanes' values and gradients.
    public func memoryBytes(threads: Int) -> Int {
        let composition = composition
        let programs = composition.phases.map { PhaseProgram($0, graph: composition.graph) }
        let count = max(1, min(threads, shards))
        let lanes = (0..<count).reduce(0) { sum, lane in
            let part = ShardGeometry.owned(by: lane, of: count, shards: shards)
            let threads = self.threads(ofLane: lane, of: count, threads: threads)
            return sum
                + LaneSizes(shards: part.count, threads: threads, settings: self, composition: composition, programs: programs)
                .bytes
        }
        // Images as received, unpacked, and cut into shards.
        let images = 3 * Stream.allCases.reduce(0) { $0 + mostRows(of: $1) } * (pixels + 1)
        // Moments being sent, and moments received.
        let moments = 2 * exchanges.momentBytes
        return replicaBytes(composition) + copyBytes(composition) + lanes + images + moments + penaltyBytes(composition)
            + prior.bytes
    }

    /// Threads that share the products of one of `lanes` lanes, which have `threads` together. Only portable products use threads beyond the number of
    /// shards.
    func threads(ofLane lane: Int, of lanes: Int, threads: Int) -> Int {
        engine == .portable ? ShardGeometry.owned(by: lane, of: lanes, shards: threads).count : 1
    }

    /// Of parameters, averages, and each phase's optimizer, sums and digests.
    private func replicaBytes(_ composition: Composition) -> Int {
        let copies = average > 0 ? 2 : 1
        let parameters = composition.networks.reduce(0) { sum, network in
            sum + copies * Storage<Float>.bytes(network.layout.count)
        }
        return composition.phases.reduce(parameters) { sum, phase in
            let (count, tensors) = (
                composition.count(ofPhase: phase), phase.changes.flatMap { composition.networks[$0].layout.tensors }
            )
            let sums = (composition.phases.count > 1 ? 1 : 2) * Storage<Int32>.bytes(count)
            let optimizer = optimizerCopies(phase) * Storage<Float>.bytes(count) + Storage<Double>.bytes(2)
            let digests = tensors.reduce(0) { $0 + UpdatePiece.digests(ofElements: $1.count) }
            return sum + sums + optimizer + Storage<Int32>.bytes(tensors.count) + Storage<UInt64>.bytes(digests)
        }
    }

    /// Of a snapshot, tensor by tensor.
    private func copyBytes(_ composition: Composition) -> Int {
        func bytes(_ network: Int) -> Int {
            composition.networks[network].layout.tensors.reduce(0) { $0 + Storage<Float>.bytes($1.count) }
        }
        let parameters = composition.networks.indices.reduce(0) { $0 + bytes($1) * (average > 0 ? 2 : 1) }
        return composition.phases.reduce(parameters) { sum, phase in
            let tensors = phase.changes.reduce(0) { $0 + composition.networks[$1].layout.tensors.count }
            return sum + optimizerCopies(phase) * phase.changes.reduce(0) { $0 + bytes($1) } + Storage<Int32>.bytes(tensors)
                + Storage<Double>.bytes(2)
        }
    }

    private func optimizerCopies(_ phase: PhasePlan) -> Int { phases[phase.name]?.optimizer.stateNames.count ?? 0 }

    /// What the distances of cluster heads take while they are summed.
    private func penaltyBytes(_ composition: Composition) -> Int {
        for case .headDistance(let network, _) in composition.phases.flatMap(\.terms) {
            let (heads, values) = (composition.networks[network].widths[0], composition.networks[network].layout.count)
            return 2 * Storage<Float>.bytes(values) + Storage<Double>.bytes(values) + Storage<Double>.bytes(heads)
        }
        return 0
    }
}
