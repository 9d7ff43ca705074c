import Collectives
import Membership
import Wire

/// A view's gradient links: joins them, reports where they cannot be made, breaks them.
extension SimulatedEngine {
    /// Any thread: breaks every gradient link.
    func abandonLinks() {
        abandoned += 1
        let (seat, dials) = (reducer, dialler)
        reducer = nil
        dialler = nil
        dials?.shutDown()
        seat?.shutDown()
    }

    func join(_ view: ControlView, by coordinator: SimulatedCoordinator?, _ epoch: Int) {
        guard abandoned == epoch,
            let group = world.groups.last(where: { $0.plan.number == view.view && $0.coordinator === coordinator })
        else { return next() }
        let (plan, rank) = (group.plan, Int(view.rank))
        let seat = GradientSeat(group: group, rank: rank, engine: self)
        dialler = seat
        group.join(seat) { failure in
            self.later(self.world.delay(30)) {
                if let failure {
                    self.report(failure, view: plan.number, neverUp: true)
                    return self.next()
                }
                guard self.dialler === seat, self.abandoned == epoch else {
                    seat.shutDown()
                    return self.next()
                }
                self.reducer = seat
                self.dialler = nil
                self.session!.view = plan.number
                self.session!.links = seat
                self.session!.shards = plan.members[rank].shards
                self.tell(.linksUp(view: plan.number))
                self.next()
            }
        }
    }

    /// Reports a link that failed, unless this side ended it.
    func report(_ failure: LinkFailure, view: UInt64, neverUp: Bool = false) {
        guard failure.isSuspicion else { return }
        tell(
            .linkFailed(
                view: view,
                LinkReport(
                    suspect: failure.rank, server: failure.peer?.server ?? 0,
                    kind: neverUp ? .neverUp : failure.isObserved ? .observed : .closed, incoming: failure.incoming,
                    reason: "\(failure)")))
    }
}
