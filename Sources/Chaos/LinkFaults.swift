import Glibc

/// What chaos does to connections: once, or for a while, and then also on each new connection of the same two processes.
struct LinkFaults {
    enum Strike {
        /// The processes at its ends.
        case struck([Int32])
        /// There is no such connection at this moment.
        case impossible
        /// The kernel does not lend descriptors here.
        case refused(String)
    }

    /// A fault that lasts.
    private struct Held {
        var fault: LinkFault
        /// The process at the disturbed end, and the one at the other.
        var owner: Int32
        var other: Int32
        var isControl: Bool
        var until: Double
        var touched: [LinkTable.Link] = []
    }

    private var held: Held?
    private var nextLook = 0.0
    private static let lookEvery = 0.05

    /// Whether a fault lasts now: two at a time might leave no route.
    var isBusy: Bool { held != nil }

    /// Whether `look` has something to do.
    func isDue(_ now: Double) -> Bool { held.map { now >= min(nextLook, $0.until) } ?? false }

    /// Inflicts a fault of this kind on a connection of `victim`.
    ///
    /// - Parameters:
    ///   - pids: every process of the run.
    ///   - seconds: how long a lasting fault lasts.
    mutating func strike(
        _ kind: FaultKind, victim: Int32, of pids: [Int32], port: Int, for seconds: Double, _ schedule: inout ChaosSchedule,
        now: Double
    ) -> Strike {
        guard let fault = schedule.linkFault(of: kind) else { return .impossible }
        let table = LinkTable(of: pids, coordinatorPort: port)
        let links = table.links.filter { $0.pid == victim && table.isControl($0) == kind.isOnControl }
        guard let link = schedule.pick(1, of: links).first else { return .impossible }
        // At either end: it matters which of the two does not hear.
        let ends = [link] + (table.otherEnd(of: link).map { [$0] } ?? [])
        guard let end = schedule.pick(1, of: ends).first else { return .impossible }
        switch fault.befall(end) {
        case .gone: return .impossible
        case .refused(let reason): return .refused(reason)
        case .done: break
        }
        if kind.lasts, let other = table.otherEnd(of: end) {
            held = Held(
                fault: fault, owner: end.pid, other: other.pid, isControl: kind.isOnControl, until: now + seconds, touched: [end])
        } else if kind.lasts {
            fault.mend(end)
            return .impossible
        }
        return .struck(ends.map(\.pid))
    }

    /// Disturbs new connections of the two processes, and ends a fault whose time is over.
    mutating func look(at now: Double, pids: [Int32], port: Int?) {
        guard var fault = held else { return }
        if now >= fault.until { return end() }
        guard let port else { return }
        nextLook = now + Self.lookEvery
        let table = LinkTable(of: pids, coordinatorPort: port)
        for link in table.links
        where link.pid == fault.owner && table.isControl(link) == fault.isControl && !fault.touched.contains(link) {
            guard table.otherEnd(of: link)?.pid == fault.other, fault.fault.befall(link) == .done else { continue }
            fault.touched.append(link)
        }
        held = fault
    }

    /// Undoes the lasting fault.
    mutating func end() {
        guard let fault = held else { return }
        for link in fault.touched { fault.fault.mend(link) }
        held = nil
    }
}
