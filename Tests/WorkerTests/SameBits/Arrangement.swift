import Autoencoder
import Collectives
import FoundationEssentials
import Kernels
import SwiftProtobuf
import TestSupport
import Waiting
import Wire
import Worker

/// How one setting is spread: workers with a replica each, their threads, and what carries their sums.
struct Arrangement: CustomStringConvertible {
    enum Carrier: CaseIterable { case ring, server, servers }

    var workers: Int
    var threads: Int
    var carrier: Carrier
    var compression: LinkCompression

    static let reference = Arrangement(workers: 1, threads: 1, carrier: .ring, compression: .off)

    var description: String { "\(workers) workers, \(threads) threads, \(carrier), compression \(compression)" }

    static func random(_ random: inout SplitMix) -> Arrangement {
        Arrangement(
            workers: Int.random(in: 1...4, using: &random), threads: Int.random(in: 1...2, using: &random),
            carrier: Carrier.allCases.randomElement(using: &random)!,
            compression: LinkCompression.allCases.randomElement(using: &random)!)
    }

    /// Trains the setting and returns what every worker ended with, in words: a digest of the whole state and the chain, or
    /// the error that stopped it.
    ///
    /// Each worker is a thread with what a worker process has: replica, lanes, team, links over loopback, and the exchange
    /// of a phase. Only the process and its control connection are left out.
    func outcomes(of setting: RandomSetting) throws -> [String] {
        let places = try (0..<workers).map { _ in try GradientListener(host: "127.0.0.1", port: 0) }
        let servers = try (0..<(carrier == .ring ? 0 : carrier == .server ? 1 : 3)).map { _ in
            try GradientListener(host: "127.0.0.1", port: 0)
        }
        defer { for listener in places + servers { listener.shutdown() } }
        let images = (0..<setting.steps).map(setting.images)
        let found = Monitor([String?](repeating: nil, count: workers))
        let threads = (0..<workers).map { rank in
            let view = view(rank: rank, ports: places.map(\.port), servers: servers.map(\.port))
            return OwnedThread(name: "worker-\(rank)") {
                FloatingPoint.setModes()
                let outcome = Self.words { try train(setting, images, view, places[rank]) }
                found.update { $0[rank] = outcome }
            }
        }
        let sums = try servers.enumerated().map(sum)
        for thread in threads where !thread.join(.atMost(.seconds(800))) {
            for server in sums { server.shutdown() }
            throw Stuck(arrangement: self)
        }
        for server in sums { server.shutdown() }
        return found.withLock { $0.map { $0 ?? "nothing" } }
    }

    struct Stuck: Error, CustomStringConvertible {
        let arrangement: Arrangement
        var description: String { "\(arrangement): a worker has not ended within 120 s" }
    }

    static let run = [UInt8](repeating: 7, count: LinkHello.runBytes)
    static let secret = [UInt8](repeating: 42, count: LinkHello.secretBytes)

    private func view(rank: Int, ports: [Int], servers: [Int]) -> ControlView {
        .with { view in
            view.view = 1
            view.rank = UInt32(rank)
            view.members = ports.map { port in
                .with {
                    $0.addresses = ["127.0.0.1"]
                    $0.port = UInt32(port)
                }
            }
            view.secret = .init(Self.secret)
            view.servers = servers.map { port in
                .with {
                    $0.addresses = ["127.0.0.1"]
                    $0.port = UInt32(port)
                }
            }
        }
    }

    private func sum(_ number: Int, _ listener: GradientListener) throws -> SummationServer {
        let ranks = 0..<workers
        listener.expect(
            run: Self.run, generation: 1, view: 1, end: .server(number), from: Set(ranks.map { .worker($0) }), secret: Self.secret)
        var links: [Int: GradientLink] = [:]
        for rank in ranks { links[rank] = try listener.accept(from: .worker(rank)) }
        return SummationServer(links: links, compression: compression)
    }

    /// One worker's life.
    private func train(
        _ setting: RandomSetting, _ images: [[Stream: [ShardImages]]], _ view: ControlView, _ listener: GradientListener
    ) throws -> Replica {
        let settings = setting.training
        let replica = try Replica(settings)
        let team = ThreadTeam(threads: threads)
        let owned = ShardGeometry.owned(by: Int(view.rank), of: workers, shards: settings.shards)
        let lanes = owned.isEmpty ? [] : replica.makeLanes(shards: owned, threads: threads)
        let plans = replica.phases.map { BucketPlan($0) }
        let builder = LinkBuilder(
            view: view, run: Self.run, generation: 1, shards: settings.shards, compression: compression)
        let reducer = try builder.connect(dialer: GradientDialer(), listener: listener)
        defer { reducer.shutdown() }
        var clock = StepClock()
        for (step, shards) in images.enumerated() {
            for lane in lanes { lane.load(step: UInt64(step), images: shards) }
            for phase in replica.phases {
                let exchange = PhaseExchange(
                    replica: replica, phase: phase, plan: plans[phase.index], lanes: lanes, shards: owned.count, team: team,
                    reducer: reducer)
                _ = try exchange.run(clock: &clock) { _ in }
            }
        }
        return replica
    }

    /// The result of replay and of the digest's oracle: one process without a network, its lanes divided in yet another way.
    static func locally(_ setting: RandomSetting, threads: Int, lanes: Int) -> String {
        words {
            let trainer = try LocalTrainer(setting.training, threads: threads, lanes: lanes)
            for step in 0..<setting.steps { try trainer.step(setting.images(step: step)) }
            return trainer.replica
        }
    }

    private static func words(_ body: () throws -> Replica) -> String {
        do {
            let replica = try body()
            return "\(hexDigits(replica.digest(full: true))) chain \(hexDigits(replica.chain))"
        } catch {
            return String(describing: error)
        }
    }
}
