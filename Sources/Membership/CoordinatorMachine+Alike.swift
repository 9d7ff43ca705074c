/// Checks that all workers compute alike: a difference in the last bits adds up to another run.
extension CoordinatorMachine {
    /// What must be equal in all of them, in the order in which it says most about a difference.
    private enum Trait: CaseIterable {
        case library, kernel, products
        /// The state that the seed gives.
        case start
    }

    /// The worker's trait; nil where it is not known, or may differ.
    private func value(_ trait: Trait, of worker: Worker) -> [UInt8]? {
        if trait == .start {
            // A worker that came back, or was halted before its first phase, has not computed its digest again.
            return worker.position.isFresh && !worker.position.digest.isEmpty ? worker.position.digest : nil
        }
        guard !plan.allowMixedKernels else { return nil }
        switch trait {
        case .library: return plan.isPortable ? nil : Array(worker.identity.library.utf8)
        case .kernel: return plan.isPortable ? nil : Array(worker.identity.kernel.utf8)
        case .products, .start: return worker.fingerprint
        }
    }

    /// Whether a worker that is ready has been in a view.
    var hasMember: Bool { workers.values.contains { $0.wasMember && $0.standing != .preparing } }

    /// Sends away workers that compute differently from the members of the run's views. While there is no member, the largest group of
    /// those who have come decides, so that no single worker, not even the first, says what is right.
    mutating func sortOut() -> [CoordinatorDirective] {
        Trait.allCases.flatMap { trait -> [CoordinatorDirective] in
            let known = workers.filter { $0.value.standing != .preparing }
            let values = known.compactMapValues { value(trait, of: $0) }
            guard let reference = reference(among: values) else { return [] }
            let odd = values.filter { $0.value != values[reference] }.keys.sorted()
            return odd.filter { workers[$0]!.standing == .still && !workers[$0]!.wasMember }.flatMap {
                sendAway($0, for: trait, beside: reference)
            }
        }
    }

    /// The worker whose value the others must have.
    private func reference(among values: [ConnectionID: [UInt8]]) -> ConnectionID? {
        let byNumber = values.keys.sorted { workers[$0]!.number < workers[$1]!.number }
        if let member = byNumber.first(where: { workers[$0]!.wasMember }) { return member }
        let groups = Dictionary(grouping: byNumber) { values[$0]! }.values
        return groups.max { ($0.count, workers[$1[0]]!.number) < ($1.count, workers[$0[0]]!.number) }?.first
    }

    private mutating func sendAway(
        _ connection: ConnectionID, for trait: Trait, beside reference: ConnectionID
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection], let other = workers[reference] else { return [] }
        guard trait != .start else {
            return turnAway(
                connection,
                "the state it begins with differs from that of \(name(reference)): one of the two hosts has faulty "
                    + "memory or a different build; check both with `lockstep doctor`")
        }
        let reason =
            switch trait {
            case .library: Self.differ("BLAS library", other, worker, \.library)
            case .kernel: Self.differ("kernel", other, worker, \.kernel)
            case .products where plan.isPortable:
                "its products at this run's shapes differ from those of \(name(reference)), and portable products are the same on every "
                    + "host: one of the two has faulty memory or a different build; check both with `lockstep doctor`"
            case .products, .start:
                "its products at this run's shapes differ from those of \(name(reference)) although both name kernel "
                    + "\(other.identity.kernel); pin one family with --kernel haswell, or give up equal bits "
                    + "with --allow-mixed-kernels"
            }
        guard !worker.position.isFresh, !other.wasMember else { return turnAway(connection, reason) }
        // Neither has been a member, so nobody can tell which of the two computes as the run does. The worker keeps its state, and dials again.
        let named = name(connection)
        workers[connection] = nil
        refused.insert(connection)
        return [.close(connection), .log(.warning, "\(named) has to wait with its state: \(reason)")]
    }

    private static func differ(
        _ what: String, _ other: Worker, _ worker: Worker, _ part: KeyPath<WorkerIdentity, String>
    ) -> String {
        "\(what) of worker \(other.label) on host \(other.identity.host) is \(other.identity[keyPath: part]), of the one on host "
            + "\(worker.identity.host) it is \(worker.identity[keyPath: part]), so their sums would differ in the last bits; "
            + "install the same OpenBLAS on both and start the run with --kernel haswell where all have it, or "
            + "--allow-mixed-kernels to give up equal bits"
    }
}
