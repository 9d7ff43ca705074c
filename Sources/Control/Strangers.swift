import Collectives

/// Connections that turned out not to belong to this run: counted, and named in the log now and then.
package struct Strangers {
    private var total = 0
    private var told = 0
    private var last = ""
    private var toldAt: Duration?
    private var ofGradients = 0

    package init() {}

    package mutating func count(_ address: String, _ reason: String) {
        total += 1
        last = "\(address): \(reason)"
    }

    /// Counts what the port for gradients has refused since its start.
    package mutating func count(_ refusals: GradientListener.Refusals) {
        guard refusals.count > ofGradients else { return }
        total += refusals.count - ofGradients
        last = refusals.last
        ofGradients = refusals.count
    }

    /// A line for the log: at once, then every ten seconds while more come.
    package mutating func note(at now: Duration) -> String? {
        guard total > told, toldAt.map({ now - $0 >= .seconds(10) }) ?? true else { return nil }
        let more = total - told
        (told, toldAt) = (total, now)
        return more == 1 && total == 1
            ? "turned a connection away, from \(last)"
            : "turned \(more) connections away (\(total) so far), the last from \(last)"
    }
}
