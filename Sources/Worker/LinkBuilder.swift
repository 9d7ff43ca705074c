import Collectives
import Foundation
import Kernels
import Waiting
import Wire

/// Dials and accepts the gradient links of one view.
package struct LinkBuilder {
    let view: ControlView
    let run: [UInt8]
    let generation: UInt64
    /// Shards of a minibatch; ranks from this number on are spares.
    let shards: Int
    let compression: LinkCompression

    package init(view: ControlView, run: [UInt8], generation: UInt64, shards: Int, compression: LinkCompression) {
        self.view = view
        self.shards = shards
        self.run = run
        self.generation = generation
        self.compression = compression
    }

    /// The reducer of this member: links to its ring neighbours, or to the summation servers where the view names any.
    ///
    /// - Throws: `LinkFailure` naming the peer that could not be reached.
    package func connect(dialer: GradientDialer, listener: GradientListener?) throws -> any Reducer {
        let rank = Int(view.rank)
        let world = view.members.count
        if !view.servers.isEmpty {
            var links: [GradientLink] = []
            do {
                for (number, server) in view.servers.enumerated() {
                    let addresses = server.addresses.map { HostPort(host: $0, port: Int(server.port)) }
                    links.append(try dialer.dial(addresses, hello: hello(from: rank, to: .server(number))))
                }
            } catch {
                for link in links { link.close() }
                throw error
            }
            return ServerReducer(rank: rank, servers: links, compression: compression)
        }
        guard world > 1 else { return SoloReducer() }
        guard let listener else { throw LocalError("a ring was formed before this worker listened") }
        let successor = (rank + 1) % world
        let predecessor = (rank + world - 1) % world
        listener.expect(
            run: run, generation: generation, view: view.view, end: .worker(rank), from: [.worker(predecessor)],
            secret: Array(view.secret))
        let member = view.members[successor]
        let addresses = member.addresses.map { HostPort(host: $0, port: Int(member.port)) }
        let out = try dialer.dial(addresses, hello: hello(from: rank, to: .worker(successor)))
        let back = try listener.accept(from: .worker(predecessor))
        return RingReducer(
            rank: rank, world: world, spares: ShardGeometry.spares(of: world, shards: shards), successor: out, predecessor: back,
            compression: compression)
    }

    private func hello(from rank: Int, to end: LinkEnd) -> LinkHello {
        LinkHello(
            run: run, generation: generation, view: view.view, from: .worker(rank), to: end, secret: Array(view.secret))
    }
}
