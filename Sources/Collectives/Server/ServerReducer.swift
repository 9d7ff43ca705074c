import Kernels
import Waiting
import Wire

/// The worker's side of the summation servers: pushes each bucket, takes back its sum, over one link in both directions. Of several
/// servers each has its part of every bucket, cut like the chunks of a ring.
public final class ServerReducer: Reducer {
    /// One link to each server.
    private let links: [ServerLink]
    private let layouts: ExchangeLayouts
    private let threads: [OwnedThread]

    /// Takes the links over. `onFailure` is called at most once, on a network thread, and not for one's own shutdown; it
    /// must not hold the reducer strongly.
    public init(
        rank: Int, servers: [GradientLink], compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) {
        precondition((0..<Limits.members).contains(rank) && !servers.isEmpty && servers.count <= Limits.servers)
        let failing = ServerFailing(onFailure)
        let links = servers.indices.map { number in
            ServerLink(link: servers[number], part: number, of: servers.count) { failing.spread($0) }
        }
        failing.reach(links)
        self.links = links
        layouts = ExchangeLayouts(parts: servers.count)
        threads = links.flatMap { link in
            [
                OwnedThread(name: "push-write") { link.write(compression) },
                OwnedThread(name: "pull-read") { link.read() },
            ]
        }
    }

    deinit { shutdown() }

    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool]
    ) {
        check(plan: plan, sum: sum, statistics: statistics, statisticsOnly: statisticsOnly)
        let sum = SummedTensors(layouts.layout(of: plan, statisticsOnly: statisticsOnly), sum, statistics)
        for link in links { link.begin(ExchangeTag(phase: phase, attempt: attempt), sum) }
    }

    public func ready(bucket: Int) {
        for link in links { link.ready(bucket) }
    }

    public func finish() throws {
        for link in links { try link.finish() }
    }

    public func shutdown() {
        for link in links { link.stop() }
        for thread in threads {
            // The thread cannot be given up: it still writes to the sum. All it has left to do is arithmetic on one frame.
            _ = thread.join(.untilWoken(by: "the thread itself: the link is shut down, so nothing it calls waits"))
        }
    }

    public var counters: WireCounters { total { $0.total } }
    public var exchangeCounters: WireCounters { total { $0.exchange } }
    public var moved: [LinkBytes] { links.map { LinkBytes(out: $0.link, back: $0.link) } }

    private func total(_ counters: (TrafficCounters) -> WireCounters) -> WireCounters {
        links.reduce(WireCounters()) { sum, link in sum + link.state.withLock { counters($0.traffic) } }
    }
}

/// The failure of one link ends all: a thread that waits for another server's sums is woken too.
private final class ServerFailing: Sendable {
    private struct State {
        var links: [WeakLink] = []
        var first: LinkFailure?
    }

    private struct WeakLink { weak var link: ServerLink? }

    private let state = Monitor(State())
    private let onFailure: (@Sendable (LinkFailure) -> Void)?

    init(_ onFailure: (@Sendable (LinkFailure) -> Void)?) { self.onFailure = onFailure }

    func reach(_ links: [ServerLink]) {
        state.withLock { $0.links = links.map { WeakLink(link: $0) } }
    }

    func spread(_ failure: LinkFailure) {
        let others = state.withLock { state -> [ServerLink]? in
            guard state.first == nil else { return nil }
            state.first = failure
            return state.links.compactMap(\.link)
        }
        guard let others else { return }
        for link in others { link.fail(failure) }
        onFailure?(failure)
    }
}
