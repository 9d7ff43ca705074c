import Collectives
import Wire

extension ControlLinkFailed {
    init(_ report: LinkReport, view: UInt64) {
        self.init()
        self.view = view
        suspect = report.suspect.map(Int32.init(clamping:)) ?? -1
        reason = report.reason
        dialling = report.kind == .neverUp
        observed = report.kind == .observed
        incoming = report.incoming
    }
}

extension LinkReport {
    init(_ message: ControlLinkFailed) {
        self.init(
            suspect: message.suspect < 0 ? nil : Int(message.suspect),
            kind: message.dialling ? .neverUp : message.observed ? .observed : .closed, incoming: message.incoming,
            reason: message.reason)
    }

    /// What a reducer, or the making of links, came to; `neverUp` where the view's links were being made.
    init(_ failure: LinkFailure, neverUp: Bool = false) {
        self.init(
            suspect: failure.rank, kind: neverUp ? .neverUp : failure.isObserved ? .observed : .closed, incoming: failure.incoming,
            reason: "\(failure)")
    }
}
