import Wire

extension Beat {
    init(_ message: ControlHeartbeat) {
        self.init(
            work: message.work, applied: message.applied, contributed: message.contributed, moved: message.received,
            view: message.view,
            links: zip(message.linkSent, message.linkReceived).map {
                LinkProgress(view: message.linkView, sent: $0, received: $1)
            })
    }
}

extension ControlHeartbeat {
    package init(_ beat: Beat) {
        self.init()
        work = beat.work
        applied = beat.applied
        contributed = beat.contributed
        received = beat.moved
        view = beat.view
        linkSent = beat.links.map(\.sent)
        linkReceived = beat.links.map(\.received)
        linkView = beat.links.first?.view ?? 0
    }
}
