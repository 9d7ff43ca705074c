import Collectives
import Membership
import Wire

/// The summation server of a view: the real `SummationRound`, and what the threads around it do.
final class SimulatedSummation {
    private unowned let group: GradientGroup
    private var round: SummationRound
    private var sums: [Int: [UInt64]] = [:]

    init(_ group: GradientGroup) {
        self.group = group
        round = SummationRound(members: group.plan.members.count)
    }

    func receive(_ frame: GradientFrame, from rank: Int) {
        let header = frame.header
        switch round.admit(header, rank) {
        case .opens: sums = [:]
        case .joins: break
        case .refuse(let reason):
            if !(group.world.dropped?.isOfEngines ?? false) {
                group.world.violate("the summation server of view \(group.plan.number) was sent \(reason) by rank \(rank)")
            }
            return ended(rank)
        }
        let before = sums[header.bucket] ?? [UInt64](repeating: 0, count: frame.values.count)
        let sum = zip(before, frame.values).map { $0 &+ $1 }
        sums[header.bucket] = sum
        guard let whole = round.added(header) else { return }
        round.sends(GradientFrame(whole, sum))
        for rank in group.plan.members.indices {
            while !round.isOver(rank), let frame = round.next(to: rank) { group.answer(frame, to: rank) }
        }
    }

    func ended(_ rank: Int) { _ = round.fail(rank) }
}
