import Collectives
import Kernels
import Membership
import Wire

/// One member's end of the gradient links of a view: what a `Reducer` and its dialler are to the engine.
///
/// The real `RingMember` and `ServerMember` make the sums; this class does what the threads around them do. A member alone has neither.
final class GradientSeat {
    unowned let group: GradientGroup
    let rank: Int
    unowned let engine: SimulatedEngine
    private(set) var isShut = false
    var joined: ((LinkFailure?) -> Void)?
    private var ring: RingMember?
    private var server: ServerMember?
    private var isWriting = false
    private var waiting: ((LinkFailure?) -> Void)?

    // Of the exchange last begun.
    /// Ranges of `values`, by bucket and chunk.
    private var ranges: [[Range<Int>]] = []
    private var values: [UInt64] = []
    private var board = StatisticsBoard(tensors: 0)
    /// The bucket whose sum came last.
    private(set) var lastBucket = 0
    /// The exchange that the engine has begun, and its result.
    private var tag = ExchangeTag(phase: 0, attempt: 0)
    private(set) var result: (values: [UInt64], board: StatisticsBoard)?
    /// Without `everyMemberContributes` a spare is not asked for its part, which is nothing; results of exchanges wait for it here.
    private let isSilent: Bool
    private var unasked: [ExchangeTag: (values: [UInt64], board: StatisticsBoard)] = [:]

    init(group: GradientGroup, rank: Int, engine: SimulatedEngine) {
        self.group = group
        self.rank = rank
        self.engine = engine
        let plan = group.plan
        let isDropped = group.world.dropped == .everyMemberContributes
        isSilent = isDropped && plan.ring && plan.members[rank].shards.isEmpty && !group.isSolo
        if group.isSolo { return }
        if plan.ring {
            let spares = isDropped ? 0 : plan.members.count { $0.shards.isEmpty }
            ring = RingMember(RingGeometry(rank: rank, world: plan.members.count, spares: spares))
        } else {
            server = ServerMember(part: 0)
        }
    }

    private var world: World { group.world }

    // MARK: What the engine calls

    func begin(_ tag: ExchangeTag) {
        self.tag = tag
        result = nil
        guard !isShut else { return }
        if isSilent { goAhead(tag) } else { open(tag) }
    }

    private func open(_ tag: ExchangeTag) {
        let chunks = ring?.geometry.chunks ?? 1
        let (buckets, width) = world.scenario.arithmetic.size(of: tag)
        ranges = (0..<buckets).map { bucket in
            (0..<chunks).map { bucket * width + width * $0 / chunks..<bucket * width + width * ($0 + 1) / chunks }
        }
        let shape = ExchangeShape(counts: ranges.map { $0.map { [$0.count] } }, completes: (0..<buckets).map { [$0] })
        values = [UInt64](repeating: 0, count: buckets * width)
        board = StatisticsBoard(tensors: buckets)
        if let violation = ring?.begin(tag, shape, board) ?? nil { refuse(violation) }
        server?.begin(tag, shape, board)
    }

    /// This member's part of a bucket is there.
    func ready(bucket: Int, part: [UInt64], statistics: TensorStatistics) {
        guard !isShut, !isSilent else { return }
        let range = ranges[bucket][0].lowerBound..<ranges[bucket].last!.upperBound
        for (index, value) in zip(range, part) { values[index] = value }
        board.merge(statistics, tensor: bucket)
        _ = ring?.ready(bucket) { _ in false }
        server?.ready(bucket)
        write()
    }

    /// Calls back when every bucket's sum is here, or will not come.
    func finish(_ done: @escaping (LinkFailure?) -> Void) {
        waiting = done
        settle()
    }

    private func settle() {
        guard let done = waiting, let outcome = outcome() else { return }
        waiting = nil
        switch outcome {
        case .success:
            result = unasked.removeValue(forKey: tag) ?? (values, board)
            done(nil)
        case .failure(let failure): done(failure)
        }
    }

    private func outcome() -> Result<Void, LinkFailure>? {
        if isShut { return .failure(.ownShutdown) }
        if group.isSolo || unasked[tag] != nil { return .success(()) }
        return ring?.finish() ?? server?.finish()
    }

    /// This side ends the links: whoever waits on them here is woken.
    func shutDown() {
        guard !isShut else { return }
        close()
        group.leaves(rank)
        if let joined {
            self.joined = nil
            joined(.ownShutdown)
        }
        settle()
    }

    func close() {
        isShut = true
        ring?.stop()
        server?.stop()
    }

    /// The process is gone; its kernel may still close its sockets.
    func vanish(silently: Bool) {
        close()
        joined = nil
        waiting = nil
        group.vanished(rank, silently: silently)
    }

    // MARK: What the links' threads do

    /// The writer's thread, which takes its time now and then.
    private func write() {
        guard !isWriting, !isShut else { return }
        if world.random.chance(0.1) {
            isWriting = true
            return world.after(world.delay(200), in: group.worker(rank)) {
                self.isWriting = false
                self.writeOn()
            }
        }
        writeOn()
    }

    private func writeOn() {
        while let job = ring?.nextJob() ?? nil {
            switch job {
            case .send(let bucket, let chunk, let hop, let statistics, _):
                let header = ring!.header(bucket, chunk, hop, statistics, view: group.plan.number)
                send(header, values[ranges[bucket][chunk]])
                ring!.sent(bucket)
            case .forward(let frame):
                group.send(frame, from: rank)
                ring!.sent(frame.header.bucket)
            case .absorb(let frame): put(frame, adds: true)
            }
            _ = ring!.wrote()
        }
        while server?.end == nil, let bucket = server?.nextJob() ?? nil {
            send(server!.header(bucket, view: group.plan.number), values[ranges[bucket][0]])
            server!.sent()
        }
        settle()
        group.pump(rank)
    }

    private func send(_ header: GradientFrameHeader, _ values: ArraySlice<UInt64>) {
        var header = header
        header.payloadBytes = world.scenario.frameBytes
        group.send(GradientFrame(header, values), from: rank)
    }

    /// The reader's thread: false where the frame has to wait.
    func receive(_ frame: GradientFrame) -> Bool {
        guard !isShut else { return true }
        let header = frame.header
        guard header.view == group.plan.number else {
            world.violate("a frame of view \(header.view) in view \(group.plan.number)")
            return true
        }
        if isSilent { goAhead(header.exchange) }
        if server != nil {
            if let reason = server!.admit(header) {
                refuse(reason)
            } else {
                put(frame, adds: false)
            }
        } else {
            switch ring!.place(header) {
            case nil: return false
            case .use:
                ring!.read()
                put(frame, adds: ring!.geometry.reduces(header.hop))
            case .park(let admitted):
                switch ring!.park(frame, admitted: admitted) {
                case .kept: break
                case .use: put(frame, adds: true)
                case .refuse(let reason): refuse(reason)
                }
            case .refuse(let reason): refuse(reason)
            }
        }
        write()
        return true
    }

    /// A frame's values join the sum, or take their place.
    private func put(_ frame: GradientFrame, adds: Bool) {
        let header = frame.header
        for (index, value) in zip(ranges[header.bucket][header.chunk], frame.values) {
            values[index] = (adds ? values[index] : 0) &+ value
        }
        lastBucket = header.bucket
        server?.landed(header)
        let goesOnAsItCame = !adds && world.random.chance(0.5)
        _ = ring?.landed(header, forward: goesOnAsItCame ? frame.store : nil) { _ in false }
        if isSilent, let tag = ring?.tag, case .success? = ring?.finish() { unasked[tag] = (values, board) }
    }

    private func refuse(_ reason: String) {
        let peer = ring == nil ? LinkEnd.server(0) : .worker(group.before(rank))
        if !(world.dropped?.isOfEngines ?? false) { world.violate("rank \(rank) of view \(group.plan.number) was sent \(reason)") }
        ended(.incoming, LinkFailure(peer: peer, address: "", cause: .protocolViolation(reason), incoming: ring != nil))
    }

    /// A link has ended, as far as this end has noticed.
    func ended(_ direction: RingMember.Direction, _ failure: LinkFailure) {
        guard !isShut else { return }
        _ = ring?.fail(direction, failure)
        _ = server?.fail(failure)
        settle()
    }

    private func goAhead(_ tag: ExchangeTag) {
        guard ring?.tag == nil, unasked[tag] == nil else { return }
        open(tag)
        for bucket in ranges.indices { _ = ring?.ready(bucket) { _ in false } }
        write()
    }
}
