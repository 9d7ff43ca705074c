import Collectives
import Kernels
import Membership
import SwiftProtobuf
import Wire

/// A phase: an exchange for the moments of each norm and one for the gradient, with the decision behind it.
extension SimulatedEngine {
    /// The exchanges of moments one after the other, then the gradient's; with other exponents once more.
    func runPhase(_ seat: GradientSeat, attempt: UInt32 = 0, _ done: @escaping (LinkFailure?) -> Void) {
        let segments = world.scenario.arithmetic.momentExchanges(ofPhase: replica!.phase) + 1
        func run(_ segment: Int, _ moments: UInt64) {
            let tag = ExchangeTag(phase: replica!.applied, attempt: attempt, segment: segment, of: segments)
            guard segment < segments - 1 else { return exchangeGradient(attempt, tag, moments, seat, done) }
            exchangeMoments(segment, tag, moments, seat) { failure, moments in
                if let failure { return done(failure) }
                run(segment + 1, moments)
            }
        }
        run(0, 0)
    }

    /// Everybody's moments are needed before anybody goes on. `before` is what the exchanges before this one have come to.
    private func exchangeMoments(
        _ segment: Int, _ tag: ExchangeTag, _ before: UInt64, _ seat: GradientSeat,
        _ done: @escaping (LinkFailure?, UInt64) -> Void
    ) {
        let replica = replica!
        seat.begin(tag)
        let pace = paceOfSegment(replica.phase)
        computingSince = world.now
        later(world.delay(pace)) {
            self.hasComputed(for: pace)
            self.waits(true)
            let part = self.early(tag) ?? [self.moments(replica.state, segment, before)]
            seat.ready(bucket: 0, part: part, statistics: self.statistics(replica.applied, 0))
            self.finish(seat) { failure in
                if let failure { return done(failure, before) }
                self.waits(false)
                self.world.counts.moments += 1
                self.world.referee.goesOn(tag, seat.result!.board.all, self.worker)
                done(nil, SplitMix.mixed(before, seat.result!.values[0]))
            }
        }
    }

    /// Contributes bucket by bucket, waits for the sums, decides, and applies; or tries again with other exponents.
    private func exchangeGradient(
        _ attempt: UInt32, _ tag: ExchangeTag, _ moments: UInt64, _ seat: GradientSeat, _ done: @escaping (LinkFailure?) -> Void
    ) {
        let arithmetic = world.scenario.arithmetic
        let replica = replica!
        let phase = replica.phase
        let exponent = replica.state.exponents[phase]
        self.replica!.sums[buffer(replica.applied)] = parts(replica.state, phase, exponent, moments)
        seat.begin(tag)
        let pace = shards.isEmpty ? 20 : paceOfSegment(phase) / Int64(arithmetic.buckets)
        computingSince = world.now
        func contribute(_ bucket: Int) {
            later(world.delay(pace)) {
                let parts = self.parts(replica.state, phase, exponent, moments)
                let part = (bucket == 0 ? self.early(tag) : nil) ?? Array(parts[arithmetic.range(ofBucket: bucket)])
                seat.ready(bucket: bucket, part: part, statistics: self.statistics(replica.applied, bucket))
                if bucket + 1 < arithmetic.buckets { return contribute(bucket + 1) }
                self.hasComputed(for: pace)
                if attempt == 0 { self.contributed(replica) } else { self.waits(true) }
                if self.world.dropped == .phaseAfterPhase { self.beginTooEarly(replica) }
                self.finish(seat, decide)
            }
        }
        func decide(_ failure: LinkFailure?) {
            if let failure { return done(failure) }
            let statistics = seat.result!.board.all
            world.referee.goesOn(tag, statistics, worker)
            let maximum = statistics.reduce(into: TensorStatistics()) { $0.merge($1) }.maximumBits
            switch arithmetic.decide(exponent: exponent, maximum: Int(maximum)) {
            case .again(let other):
                self.replica!.retry(exponent: other)
                runPhase(seat, attempt: attempt + 1, done)
            case .apply(let change):
                var sums = seat.result!.values
                if world.dropped == .everyBucket, !seat.group.isSolo {
                    // As if the sum that came last had not come yet: this member's own part stands there.
                    let last = arithmetic.range(ofBucket: seat.lastBucket)
                    sums.replaceSubrange(last, with: parts(replica.state, phase, exponent, moments)[last])
                }
                self.replica!.sums[buffer(replica.applied)] = sums
                later(world.delay(max(world.scenario.phaseTime / 20, 10))) {
                    self.apply(sums, change)
                    self.world.referee.applied(self.replica!, self.worker, seat: seat)
                    done(nil)
                }
            }
        }
        contribute(0)
    }

    /// Waits for the others' parts.
    private func finish(_ seat: GradientSeat, _ done: @escaping (LinkFailure?) -> Void) {
        waitingSince = world.now
        seat.finish { failure in
            self.later(self.world.delay(20)) {
                self.waitingSince = nil
                done(failure)
            }
        }
    }

    /// Microseconds that a phase computes between two of its exchanges.
    private func paceOfSegment(_ phase: Int) -> Int64 {
        let segments = Int64(world.scenario.arithmetic.momentExchanges(ofPhase: phase) + 1)
        return shards.isEmpty ? 20 : world.scenario.phaseTime / segments
    }

    private func hasComputed(for pace: Int64) {
        computingSince = nil
        work += 1 + UInt64(pace)
    }

    /// Its part of the phase is complete, and its shards' losses are told before the sum is known.
    private func contributed(_ replica: SimulatedReplica) {
        core.waits(true)
        tell(
            .contributed(
                .with { report in
                    report.applied = replica.applied
                    report.shards = shards.map { shard in .with { $0.shard = UInt32(shard) } }
                }))
    }

    private func waits(_ isWaiting: Bool) {
        if world.dropped != .waitsAreTold { core.waits(isWaiting) }
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
