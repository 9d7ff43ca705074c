/// From hello to the links of a view.
extension CoordinatorMachine {
    mutating func greet(_ connection: ConnectionID, _ identity: WorkerIdentity, _ now: Duration) -> [CoordinatorDirective] {
        guard workers[connection] == nil else {
            return fail("\(name(connection)) sent a second hello, which no worker of this version does")
        }
        if let reason = objection(to: identity) {
            refused.insert(connection)
            return [
                .refuse(connection, reason: reason),
                .log(.warning, "refused a worker on host \(identity.host), pid \(identity.pid): \(reason)"),
            ]
        }
        numbered += 1
        workers[connection] = Worker(
            number: numbered, identity: identity, reported: plan.firstStep,
            applied: plan.firstStep * UInt64(plan.phases), contributed: plan.firstStep * UInt64(plan.phases),
            heard: now, worked: now)
        return [
            .welcome(connection, worker: numbered),
            .log(.info, "\(name(connection)) is in: build \(identity.build), \(identity.library), kernel \(identity.kernel)"),
        ]
    }

    /// Why this worker cannot take part, or nil.
    private func objection(to identity: WorkerIdentity) -> String? {
        if stage != .gathering {
            return "the run has begun with its \(Self.counted(ranks.count)); start the coordinator with --workers "
                + "\(ranks.count + 1) to have one more from the beginning"
        }
        if workers.count >= plan.workers.upperBound {
            return "the run has all the workers it asked for (\(plan.workers.upperBound)); raise --workers at the coordinator"
        }
        guard let first = workers.values.min(by: { $0.number < $1.number }) else { return nil }
        if first.identity.build != identity.build {
            return Self.differ("build", first, identity) + "install the same build on both hosts"
        }
        if first.identity.library != identity.library, !plan.allowMixedKernels {
            return Self.differ("BLAS library", first, identity) + Self.mixedKernelsWay
        }
        return nil
    }

    /// A kernel family is judged when the replica is ready: until then a worker may have executed itself anew with the run's.
    private func kernelObjection(to worker: Worker, beside other: Worker) -> String? {
        guard worker.identity.kernel != other.identity.kernel, !plan.allowMixedKernels else { return nil }
        return Self.differ("kernel", other, worker.identity) + Self.mixedKernelsWay
    }

    private static func differ(_ what: String, _ first: Worker, _ identity: WorkerIdentity) -> String {
        let part = { (identity: WorkerIdentity) in
            switch what {
            case "build": identity.build
            case "kernel": identity.kernel
            default: identity.library
            }
        }
        return "\(what) of worker \(first.number) on host \(first.identity.host) is \(part(first.identity)), of the one on host "
            + "\(identity.host) it is \(part(identity)), so their sums would differ in the last bits; "
    }

    private static let mixedKernelsWay =
        "install the same OpenBLAS on both and start the run with --kernel haswell where all have it, or "
        + "--allow-mixed-kernels to give up equal bits"

    mutating func ready(
        _ connection: ConnectionID, _ fingerprint: [UInt8], _ digest: [UInt8], _ now: Duration
    ) -> [CoordinatorDirective] {
        guard workers[connection]?.standing == .preparing else { return protocolViolation(connection, "ready") }
        workers[connection]?.fingerprint = fingerprint
        workers[connection]?.stateDigest = digest
        let others = workers.filter { $0.key != connection && $0.value.standing != .preparing }
        if let other = others.min(by: { $0.key < $1.key }), let worker = workers[connection] {
            if let objection = kernelObjection(to: worker, beside: other.value) { return turnAway(connection, objection) }
            if other.value.stateDigest != digest {
                return turnAway(
                    connection,
                    "the state it begins with differs from that of \(name(other.key)): one of the two hosts has faulty "
                        + "memory or a different build; check both with `lockstep inspect`")
            }
            if other.value.fingerprint != fingerprint, !plan.allowMixedKernels {
                return turnAway(
                    connection,
                    "its products at this run's shapes differ from those of \(name(other.key)) although both name kernel "
                        + "\(other.value.identity.kernel); pin one family with --kernel haswell, or give up equal bits "
                        + "with --allow-mixed-kernels")
            }
        }
        workers[connection]?.standing = .ready
        return formIfEnough(now)
    }

    private mutating func turnAway(_ connection: ConnectionID, _ reason: String) -> [CoordinatorDirective] {
        let named = name(connection)
        workers[connection] = nil
        refused.insert(connection)
        return [.refuse(connection, reason: reason), .log(.warning, "refused \(named): \(reason)")]
    }

    /// Begins a view when there are as many workers as wanted, or as few as allowed after the patience is over.
    mutating func formIfEnough(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .gathering, let began else { return [] }
        let ready = workers.filter { $0.value.standing == .ready }.keys.sorted()
        let full = ready.count >= plan.workers.upperBound
        let enough = ready.count >= plan.workers.lowerBound && now - began >= Self.patience
        guard full || enough else { return waitNotice(ready.count, now) }
        view += 1
        ranks = ready
        stage = .linking(since: now)
        let members = ready.enumerated().map { rank, connection in
            ViewPlan.Member(
                connection: connection, worker: workers[connection]!.number, identity: workers[connection]!.identity,
                shards: plan.shards(ofRank: rank, world: ready.count))
        }
        let form = ViewPlan(number: view, members: members, applied: completed * UInt64(plan.phases))
        let spares = members.filter(\.shards.isEmpty).count
        let note = spares == 0 ? "" : " (\(spares) without a shard: S is \(plan.shards))"
        return [.form(form), .log(.info, "view \(view): \(Self.counted(ready.count))\(note)")]
    }

    private static func counted(_ workers: Int) -> String { workers == 1 ? "1 worker" : "\(workers) workers" }

    /// A line every 10 s while the run waits for workers: nobody should wonder what it is waiting for.
    private mutating func waitNotice(_ ready: Int, _ now: Duration) -> [CoordinatorDirective] {
        guard let began, now - (announcedWait ?? began) >= Self.patience else { return [] }
        announcedWait = now
        return [
            .log(
                .info,
                "waiting for workers: \(ready) of \(plan.workers.lowerBound) ready after \((now - began).components.seconds) s")
        ]
    }

    mutating func linksUp(_ connection: ConnectionID, _ number: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        guard number == view, case .linking = stage else { return [] }  // an answer to a view that is over
        workers[connection]?.standing = .linked
        guard ranks.allSatisfy({ workers[$0]?.standing == .linked }) else { return [] }
        stage = .running
        lastCheckpoint = now
        for rank in ranks { workers[rank]?.worked = now }
        guard plan.lastStep > completed else { return closeDown(reason: nil, now) }
        return refill()
    }

    mutating func linkFailed(
        _ connection: ConnectionID, _ number: UInt64, _ suspect: Int?, _ reason: String, _ dialling: Bool
    ) -> [CoordinatorDirective] {
        guard number == view, !hasEnded else { return [] }
        let other = suspect.flatMap { ranks.indices.contains($0) ? name(ranks[$0]) : nil } ?? "the summation server"
        if dialling {
            return fail("\(name(connection)) cannot reach \(other): \(reason)")
        }
        // The verdict is the control connection's: its end follows at once if that process died, its silence in seconds.
        suspicions.append(Suspicion(by: connection, of: suspect.map { ranks[$0] }, reason: reason))
        return [.log(.warning, "\(name(connection)) lost its gradient link to \(other): \(reason)")]
    }
}
