extension CoordinatorShell {
    /// Ends here without a word to the workers: they lose a connection, keep their state, and look for the coordinator that comes next.
    func abandon(_ reason: String) {
        guard outcome == nil else { return }
        let outcome = RunOutcome.failed(reason: reason)
        self.outcome = outcome
        let connections = peers.values.map(\.connection)
        // What they send or how they end is nobody's concern any more.
        peers = [:]
        for connection in connections { connection.close() }
        onEnd(outcome)
    }
}
