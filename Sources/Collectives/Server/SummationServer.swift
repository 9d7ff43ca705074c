import Kernels
import Waiting
import Wire

/// Adds every member's bucket once and sends the same bytes to all.
///
/// It knows no plan: a frame says which elements its pieces have. A bucket's memory lives from the first contribution
/// until its sum has left to all. Two threads a link, one reading and one writing, so a slow member delays nobody's
/// contribution. One exchange is open at a time: nobody can begin the next before this one's sums are all made.
public final class SummationServer: Sendable {
    private let links: SummationLinks
    private let threads: [OwnedThread]

    /// Takes the links over, one for each member by rank, and starts. Works with one member too. `onFailure` is called
    /// once for each link that fails, on a network thread, and not for one's own shutdown; it must not hold the server
    /// strongly.
    public init(
        links: [Int: GradientLink], compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) {
        precondition(!links.isEmpty && links.count <= Limits.members)
        precondition(links.allSatisfy { $1.peer == .worker($0) }, "each link leads to the worker of its rank")
        let members = links.sorted { $0.key < $1.key }.map(\.value)
        let links = SummationLinks(members, compression: compression, onFailure: onFailure)
        self.links = links
        threads = members.indices.flatMap { member in
            [
                OwnedThread(name: "sum-read-\(member)") { links.read(member) },
                OwnedThread(name: "sum-write-\(member)") { links.write(member) },
            ]
        }
    }

    deinit { shutdown() }

    /// Ends all links and threads. Idempotent. Not from `onFailure`.
    public func shutdown() {
        links.stop()
        for thread in threads {
            // The thread cannot be given up: the next view has its own. All it has left to do is arithmetic on one frame.
            _ = thread.join(.untilWoken(by: "the thread itself: all links are shut down, so nothing it calls waits"))
        }
    }

    public var counters: WireCounters { links.state.withLock { $0.traffic.total } }

    /// How far each member's link has come, by rank, as the server's end sees it.
    public var moved: [Int: LinkBytes] {
        var moved: [Int: LinkBytes] = [:]
        for link in links.members { if let rank = link.peer.rank { moved[rank] = LinkBytes(out: link, back: link) } }
        return moved
    }
}
