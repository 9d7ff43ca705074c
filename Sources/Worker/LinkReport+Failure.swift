import Collectives
import Membership

extension LinkReport {
    /// The report of a failure in a reducer or while links were made (`neverUp`); nil where this side ended them itself.
    init?(_ failure: LinkFailure, neverUp: Bool = false) {
        guard failure.isSuspicion else { return nil }
        self.init(
            suspect: failure.rank, server: failure.peer?.server ?? 0,
            kind: neverUp ? .neverUp : failure.isObserved ? .observed : .closed, incoming: failure.incoming,
            reason: "\(failure)")
    }
}
