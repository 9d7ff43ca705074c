import Wire

extension ControlLinkFailed {
    package init(_ report: LinkReport, view: UInt64) {
        self.init()
        self.view = view
        suspect = report.suspect.map(Int32.init(clamping:)) ?? -1 - Int32(clamping: report.server)
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
            server: message.suspect < 0 ? -1 - Int(message.suspect) : 0,
            kind: message.dialling ? .neverUp : message.observed ? .observed : .closed, incoming: message.incoming,
            reason: message.reason)
    }
}
