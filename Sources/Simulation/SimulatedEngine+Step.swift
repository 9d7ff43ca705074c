import Collectives
import Kernels
import Membership
import SwiftProtobuf
import Wire

/// A step: its phases, each an exchange for the moments of a norm and one for the gradient, with the decision behind it.
extension SimulatedEngine {
    func run(_ step: UInt64) {
        guard session!.replica.step == step, let seat = reducer, session!.links === seat else { return next() }
        phase(of: step, seat, isFirst: liveView != session!.view)
    }

    /// One phase, then the rest of the step.
    private func phase(of step: UInt64, _ seat: GradientSeat, isFirst: Bool) {
        let exponents = session!.replica.state.exponents
        attempt(0, seat) { failure in
            if let failure {
                if self.world.dropped != .exponentsRestored {
                    self.session!.replica.retry(exponent: exponents[self.session!.replica.phase])
                }
                seat.shutDown()
                self.session!.links = nil
                self.report(failure, view: self.session!.view)
                return self.next()
            }
            self.appliedPhases = self.session!.replica.applied
            if isFirst {
                self.liveView = self.session!.view
                self.tell(.goesOn)
            }
            if self.session!.replica.phase == 0 {
                let report = ControlStepReport.with {
                    $0.step = step
                    $0.view = self.session!.view
                    $0.chain = self.session!.replica.chain
                }
                self.tell(.report(report, view: self.session!.view))
                return self.next()
            }
            self.phase(of: step, seat, isFirst: false)
        }
    }

    /// The exchanges of moments one after the other, then the gradient's.
    private func attempt(_ number: UInt32, _ seat: GradientSeat, _ done: @escaping (LinkFailure?) -> Void) {
        let replica = session!.replica
        let exchanges = world.scenario.arithmetic.momentExchanges(ofPhase: replica.phase)
        func segment(_ index: Int, _ moments: UInt64) {
            let place = UInt32(exchanges + 1) * number + UInt32(index)
            guard index < exchanges else { return exchangeGradient(number, place, moments, seat, done) }
            exchangeMoments(index, place, moments, seat) { failure, moments in
                if let failure { return done(failure) }
                segment(index + 1, moments)
            }
        }
        segment(0, 0)
    }

    /// Everybody's moments are needed before anybody goes on. `before` is what the exchanges before this one have come to.
    private func exchangeMoments(
        _ segment: Int, _ place: UInt32, _ before: UInt64, _ seat: GradientSeat,
        _ done: @escaping (LinkFailure?, UInt64) -> Void
    ) {
        let replica = session!.replica
        let tag = ExchangeTag(phase: replica.applied, attempt: place)
        seat.begin(tag)
        let pace = paceOfSegment(replica.phase)
        computingSince = world.now
        later(world.delay(pace)) {
            self.hasComputed(for: pace)
            self.waits(true, replica)
            let part = self.early(tag) ?? [self.moments(replica.state, segment, before)]
            seat.ready(bucket: 0, part: part, statistics: self.statistics(replica.applied, 0))
            seat.finish { failure in
                self.later(self.world.delay(20)) {
                    self.waitingSince = nil
                    if let failure { return done(failure, before) }
                    self.waits(false, replica)
                    self.world.counts.moments += 1
                    self.world.referee.goesOn(tag, seat.result!.board.all, self.worker)
                    done(nil, SplitMix.mixed(before, seat.result!.values[0]))
                }
            }
        }
    }

    /// Contributes bucket by bucket, waits for the sums, decides, and applies; or tries again with other exponents.
    private func exchangeGradient(
        _ number: UInt32, _ place: UInt32, _ moments: UInt64, _ seat: GradientSeat, _ done: @escaping (LinkFailure?) -> Void
    ) {
        let arithmetic = world.scenario.arithmetic
        let replica = session!.replica
        let phase = replica.phase
        let exponent = replica.state.exponents[phase]
        session!.replica.sums[buffer(replica.applied)] = parts(replica.state, phase, exponent, moments)
        let tag = ExchangeTag(phase: replica.applied, attempt: place)
        seat.begin(tag)
        let pace = session!.shards.isEmpty ? 20 : paceOfSegment(phase) / Int64(arithmetic.buckets)
        computingSince = world.now
        func contribute(_ bucket: Int) {
            later(world.delay(pace)) {
                let parts = self.parts(replica.state, phase, exponent, moments)
                let part = (bucket == 0 ? self.early(tag) : nil) ?? Array(parts[arithmetic.range(ofBucket: bucket)])
                seat.ready(bucket: bucket, part: part, statistics: self.statistics(replica.applied, bucket))
                if bucket + 1 < arithmetic.buckets { return contribute(bucket + 1) }
                self.hasComputed(for: pace)
                if number == 0 { self.contributed(replica) } else { self.waits(true, replica) }
                self.waitingSince = self.world.now
                if self.world.dropped == .phaseAfterPhase { self.beginTooEarly(replica) }
                seat.finish { failure in
                    self.later(self.world.delay(20)) {
                        self.waitingSince = nil
                        decide(failure)
                    }
                }
            }
        }
        func decide(_ failure: LinkFailure?) {
            if let failure { return done(failure) }
            let statistics = seat.result!.board.all
            world.referee.goesOn(tag, statistics, worker)
            let maximum = statistics.reduce(into: TensorStatistics()) { $0.merge($1) }.maximumBits
            switch arithmetic.decide(exponent: exponent, maximum: Int(maximum)) {
            case .again(let other):
                session!.replica.retry(exponent: other)
                attempt(number + 1, seat, done)
            case .apply(let change):
                var sums = seat.result!.values
                if world.dropped == .everyBucket, !seat.group.isSolo {
                    // As if the sum that came last had not come yet: this member's own part stands there.
                    let last = arithmetic.range(ofBucket: seat.lastBucket)
                    sums.replaceSubrange(last, with: parts(replica.state, phase, exponent, moments)[last])
                }
                session!.replica.sums[buffer(replica.applied)] = sums
                later(world.delay(max(world.scenario.phaseTime / 20, 10))) {
                    self.apply(sums, change)
                    self.world.referee.applied(self.session!.replica, self.worker, seat: seat)
                    done(nil)
                }
            }
        }
        contribute(0)
    }

    /// Microseconds that a phase computes between two of its exchanges.
    private func paceOfSegment(_ phase: Int) -> Int64 {
        let segments = Int64(world.scenario.arithmetic.momentExchanges(ofPhase: phase) + 1)
        return session!.shards.isEmpty ? 20 : world.scenario.phaseTime / segments
    }

    private func hasComputed(for pace: Int64) {
        computingSince = nil
        work += 1 + UInt64(pace)
    }

    /// Its part of the phase is complete, and its shards' losses are told before the sum is known.
    private func contributed(_ replica: SimulatedReplica) {
        contributedPhases = replica.applied + 1
        let shards = session!.shards
        tell(
            .contributed(
                .with { report in
                    report.applied = replica.applied
                    report.shards = shards.map { shard in .with { $0.shard = UInt32(shard) } }
                }))
    }

    /// What the heartbeat says of a worker that waits for others within a phase, or goes on, as `PhaseExchange` tells it.
    private func waits(_ isWaiting: Bool, _ replica: SimulatedReplica) {
        if isWaiting { waitingSince = world.now }
        guard world.dropped != .waitsAreTold else { return }
        contributedPhases = replica.applied + (isWaiting ? 1 : 0)
    }

    /// The first part of the next phase, from a state that has not seen this one's update.
    private func beginTooEarly(_ replica: SimulatedReplica) {
        var state = replica.state
        state.applied += 1
        let phase = Int(state.applied % UInt64(replica.arithmetic.phases))
        let exponent = state.exponents[phase]
        guard exponent != SimulatedReplica.none else { return }
        let hasMoments = replica.arithmetic.momentExchanges(ofPhase: phase) > 0
        let part =
            hasMoments
            ? [moments(state, 0, 0)] : Array(parts(state, phase, exponent, 0)[replica.arithmetic.range(ofBucket: 0)])
        tooEarly = (ExchangeTag(phase: state.applied, attempt: 0), part)
    }

    private func early(_ tag: ExchangeTag) -> [UInt64]? { tooEarly?.tag == tag ? tooEarly?.part : nil }
}
