import Collectives
import Control
import Foundation
import Membership
import Synchronization
import Waiting
import Wire

/// The summation servers of the `server` topology, one for each view, on threads of their own: in the coordinator, or in a separate process.
package final class SummationHost: Sendable {
    private struct Current {
        var view: UInt64 = 0
        var server: SummationServer?
        var closed = false
    }

    private let listener: GradientListener
    private let current = Mutex(Current())

    /// Binds the port at once.
    ///
    /// - Throws: `LinkSetupError` where it is taken.
    package init(host: String, port: Int) throws { listener = try GradientListener(host: host, port: port) }

    /// For a listener that is bound already.
    init(_ listener: GradientListener) { self.listener = listener }

    package var port: Int { listener.port }

    package var refusals: GradientListener.Refusals { listener.refusals }

    /// Bytes that the present view's links have moved, by rank.
    package var moved: [Int: LinkBytes] { current.withLock { $0.server }?.moved ?? [:] }

    /// Ends the server: no view needs it for now.
    package func rest() {
        let old = current.withLock { current in
            defer { (current.server, current.view) = (nil, 0) }
            return current.server
        }
        listener.cancel()
        guard let old else { return }
        OwnedThread.detach(name: "server") { old.shutdown() }
    }

    /// Ends the last view's server, and accepts the links of the new view's members in the background.
    ///
    /// `onTrouble` is told why a member's link did not come; the member itself reports the same to the coordinator.
    package func form(_ task: ControlServerView, onTrouble: @escaping @Sendable (String) -> Void) {
        let (view, world) = (task.view, Int(task.members))
        let old = current.withLock { current in
            defer {
                current.server = nil
                current.view = view
            }
            return current.server
        }
        let members = Set((0..<world).map { LinkEnd.worker($0) })
        OwnedThread.detach(name: "server") { [self] in
            old?.shutdown()
            listener.expect(
                run: RunIdentity.bytes(task.run), generation: task.generation, view: view, end: .server(Int(task.server)),
                from: members,
                secret: Array(task.secret))
            var links: [Int: GradientLink] = [:]
            do {
                for rank in 0..<world {
                    links[rank] = try listener.accept(from: .worker(rank), within: CoordinatorMachine.linkPatience)
                }
            } catch let failure as LinkFailure {
                for link in links.values { link.close() }
                if failure.isSuspicion { onTrouble("\(failure)") }
                return
            } catch {
                return onTrouble("\(error)")
            }
            let server = SummationServer(links: links, compression: LinkCompression(rawValue: task.compression) ?? .auto)
            let stale = current.withLock { current in
                guard current.view == view, !current.closed else { return true }
                current.server = server
                return false
            }
            if stale { server.shutdown() }
        }
    }

    /// Ends the server and closes the port.
    package func shutdown() {
        let server = current.withLock { current in
            defer {
                current.server = nil
                current.closed = true
            }
            return current.server
        }
        server?.shutdown()
        listener.shutdown()
    }
}
