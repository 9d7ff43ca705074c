import Collectives
import Membership

extension LinkReport {
    /// What a reducer, or the making of links, came to; `neverUp` where the view's links were being made.
    init(_ failure: LinkFailure, neverUp: Bool = false) {
        self.init(
            suspect: failure.rank, server: failure.peer?.server ?? 0,
            kind: neverUp ? .neverUp : failure.isObserved ? .observed : .closed, incoming: failure.incoming,
            reason: "\(failure)")
    }
}
