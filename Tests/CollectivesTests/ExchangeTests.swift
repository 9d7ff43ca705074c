import Collectives
import Kernels
import Testing
import Wire

/// Members of a ring without links: what each has of the sum, and the frames between them.
private struct Ring {
    static let exchanges: UInt64 = 3

    let seed: UInt64
    private let shape: ExchangeShape
    private(set) var members: [RingMember]
    private var boards: [StatisticsBoard] = []
    /// By member, bucket and chunk.
    private var sums: [[[UInt64]]]
    private var isReady: [Set<Int>]
    /// From each member to the next.
    private var pipes: [[GradientFrame]]
    /// Exchanges that a member has been through.
    private var done: [UInt64]
    private var random: SplitMix

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix(seed: seed)
        let world = 2 + Int(random.next() % 5)
        let spares = Int(random.next() % UInt64(world))
        members = (0..<world).map { RingMember(RingGeometry(rank: $0, world: world, spares: spares)) }
        let (chunks, buckets) = (members[0].geometry.chunks, 1 + Int(random.next() % 4))
        shape = ExchangeShape(
            counts: [[[Int]]](repeating: [[Int]](repeating: [2], count: chunks), count: buckets),
            completes: (0..<buckets).map { [$0] })
        sums = [[[UInt64]]](repeating: [[UInt64]](repeating: [UInt64](repeating: 0, count: chunks), count: buckets), count: world)
        isReady = [Set<Int>](repeating: [], count: world)
        pipes = [[GradientFrame]](repeating: [], count: world)
        done = [UInt64](repeating: 0, count: world)
        boards = members.map { _ in StatisticsBoard(tensors: buckets) }
    }

    private func part(_ rank: Int, _ exchange: UInt64, _ bucket: Int, _ chunk: Int) -> UInt64 {
        // A member that has no shards has nothing to add.
        rank < members[rank].geometry.active ? SplitMix.mixed(seed, UInt64(rank), exchange, UInt64(bucket), UInt64(chunk)) : 0
    }

    /// Something that can be done next; false where nothing can.
    mutating func step() -> Bool {
        let acts = members.indices.flatMap { [(0, $0), (1, $0), (2, $0), (3, $0)] }
        let start = Int(random.next() % UInt64(acts.count))
        for (act, rank) in acts[start...] + acts[..<start] where carryOut(act, rank) { return true }
        return false
    }

    private mutating func carryOut(_ act: Int, _ rank: Int) -> Bool {
        switch act {
        case 0: members[rank].tag == nil ? begin(rank) : finish(rank)
        case 1: ready(rank)
        case 2: write(rank)
        default: read(rank)
        }
    }

    private mutating func begin(_ rank: Int) -> Bool {
        guard done[rank] < Self.exchanges else { return false }
        boards[rank].reset()
        isReady[rank] = []
        let refused = members[rank].begin(ExchangeTag(phase: done[rank], attempt: 0), shape, boards[rank])
        #expect(refused == nil, "seed \(seed)")
        return true
    }

    private mutating func finish(_ rank: Int) -> Bool {
        guard isReady[rank].count == shape.buckets, case .success? = members[rank].finish() else { return false }
        for (bucket, chunks) in sums[rank].enumerated() {
            for (chunk, sum) in chunks.enumerated() {
                let whole = members.indices.reduce(UInt64(0)) { $0 &+ part($1, done[rank], bucket, chunk) }
                #expect(sum == whole, "seed \(seed), rank \(rank), exchange \(done[rank]), bucket \(bucket), chunk \(chunk)")
            }
            #expect(boards[rank][bucket].clamped == UInt64(members.count), "seed \(seed)")
        }
        done[rank] += 1
        return true
    }

    private mutating func ready(_ rank: Int) -> Bool {
        guard members[rank].tag != nil, let bucket = (0..<shape.buckets).first(where: { !isReady[rank].contains($0) }) else {
            return false
        }
        isReady[rank].insert(bucket)
        for chunk in sums[rank][bucket].indices { sums[rank][bucket][chunk] = part(rank, done[rank], bucket, chunk) }
        boards[rank].merge(TensorStatistics(clamped: 1), tensor: bucket)
        _ = members[rank].ready(bucket) { _ in false }
        return true
    }

    private mutating func write(_ rank: Int) -> Bool {
        guard let job = members[rank].nextJob() else { return false }
        switch job {
        case .send(let bucket, let chunk, let hop, let statistics, _):
            let store = ByteStore(capacity: 8)
            store.bytes(8).storeBytes(of: sums[rank][bucket][chunk], as: UInt64.self)
            pipes[rank].append(GradientFrame(members[rank].header(bucket, chunk, hop, statistics, view: 1), store))
            members[rank].sent(bucket)
        case .forward(let frame):
            pipes[rank].append(frame)
            members[rank].sent(frame.header.bucket)
        case .absorb(let frame): land(frame, rank, adds: true)
        }
        _ = members[rank].wrote()
        return true
    }

    private mutating func read(_ rank: Int) -> Bool {
        let before = (rank + members.count - 1) % members.count
        guard let frame = pipes[before].first else { return false }
        switch members[rank].place(frame.header) {
        case .use:
            members[rank].read()
            land(frame, rank, adds: members[rank].geometry.reduces(frame.header.hop))
        case .park(let admitted):
            switch members[rank].park(frame, admitted: admitted) {
            case .kept: break
            case .use: land(frame, rank, adds: true)
            case .refuse(let reason): Issue.record("seed \(seed): \(reason)")
            }
        case .refuse(let reason): Issue.record("seed \(seed): \(reason)")
        case nil: return false
        }
        pipes[before].removeFirst()
        return true
    }

    private mutating func land(_ frame: GradientFrame, _ rank: Int, adds: Bool) {
        let value = frame.store.bytes(8).load(as: UInt64.self)
        let (bucket, chunk) = (frame.header.bucket, frame.header.chunk)
        sums[rank][bucket][chunk] = adds ? sums[rank][bucket][chunk] &+ value : value
        _ = members[rank].landed(frame.header, forward: adds ? nil : frame.store) { _ in false }
    }

    var isOver: Bool { done.allSatisfy { $0 == Self.exchanges } && pipes.allSatisfy(\.isEmpty) }
}

@Suite("An exchange as a value")
struct ExchangeTests {
    @Test("a ring of any size comes to the sum, in whatever order its members and frames take turns")
    func anyOrder() {
        for seed in UInt64(0)..<400 {
            var ring = Ring(seed: seed)
            while ring.step() {}
            #expect(ring.isOver, "seed \(seed)")
        }
    }

    private static let shape = ExchangeShape(counts: [[[2], [2], [2]], [[2], [2], [2]]], completes: [[0], []])

    /// Rank 1 of three, which has begun phase 4.
    private func member() -> RingMember {
        var member = RingMember(RingGeometry(rank: 1, world: 3))
        _ = member.begin(ExchangeTag(phase: 4, attempt: 0), Self.shape, StatisticsBoard(tensors: 1))
        return member
    }

    private func header(
        phase: UInt64 = 4, bucket: Int = 0, buckets: Int = 2, chunk: Int = 0, hop: Int = 0, pieces: [Int] = [2],
        statistics: Int = 1,
        bytes: Int = 16
    ) -> GradientFrameHeader {
        GradientFrameHeader(
            coding: .raw, view: 1, exchange: ExchangeTag(phase: phase, attempt: 0), bucket: bucket, buckets: buckets, chunk: chunk,
            hop: hop, pieces: pieces, statistics: [TensorStatistics](repeating: TensorStatistics(), count: statistics),
            payloadBytes: bytes)
    }

    private func refusal(_ place: RingMember.Place?) -> String? {
        if case .refuse(let reason)? = place { reason } else { nil }
    }

    @Test("a frame that is not due is refused, with the reason")
    func notDue() {
        var member = member()
        #expect(refusal(member.place(header(bucket: 2))) == "bucket 2 of 2 in a plan of 2")
        #expect(refusal(member.place(header(buckets: 3))) == "bucket 0 of 3 in a plan of 2")
        #expect(refusal(member.place(header(chunk: 1, statistics: 0))) == "chunk 1 at hop 0")
        #expect(refusal(member.place(header(hop: 4))) == "chunk 0 at hop 4")
        #expect(refusal(member.place(header(pieces: [3]))) == "other pieces of bucket 0 than the plan has")
        #expect(refusal(member.place(header(statistics: 0))) == "statistics of 0 tensors in bucket 0")
        #expect(refusal(member.place(header(hop: 3))) == "the sum of bucket 0 without this member's part")
        #expect(refusal(member.place(header(phase: 3))) == "phase 3 attempt 0 after phase 4 attempt 0")
        // A frame that is due is accepted once.
        #expect(refusal(member.place(header())) == nil)
        #expect(refusal(member.place(header())) == "bucket 0 hop 0 twice")
    }

    @Test("what comes early waits for its exchange, and another exchange than the next is refused when that begins")
    func early() {
        var member = RingMember(RingGeometry(rank: 1, world: 3))
        let board = StatisticsBoard(tensors: 1)
        for phase in UInt64(4)...5 {
            guard case .park(admitted: false)? = member.place(header(phase: phase)) else { return #expect(Bool(false)) }
            _ = member.park(GradientFrame(header(phase: phase), ByteStore(capacity: 16)), admitted: false)
        }
        #expect(
            member.begin(ExchangeTag(phase: 4, attempt: 0), Self.shape, board) == "phase 5 attempt 0 where phase 4 attempt 0 begins"
        )
    }

    @Test("where too much is kept a frame waits, and is taken once when there is room")
    func room() {
        var member = member()
        let half = Limits.parkedGradientBytes / 2
        for bucket in 0..<2 {
            let header = header(bucket: bucket, statistics: bucket == 0 ? 1 : 0, bytes: half)
            guard case .park(let admitted)? = member.place(header) else { return #expect(Bool(false)) }
            _ = member.park(GradientFrame(header, ByteStore()), admitted: admitted)
        }
        // Chunk 2 passes at hop 1. It was checked when it had to wait, and must not be taken for a duplicate.
        let third = header(chunk: 2, hop: 1, statistics: 0, bytes: half)
        #expect(member.place(third) == nil)
        #expect(member.place(third) == nil)
        _ = member.ready(0) { _ in false }
        guard case .use? = member.place(third) else { return #expect(Bool(false)) }
        #expect(refusal(member.place(third)) == "bucket 0 hop 1 twice")
    }

    @Test("a link that ends fails what still needs it, and nothing else; a stop is nobody's fault")
    func ends() {
        let closed = LinkFailure(peer: .worker(0), address: "", cause: .closed)
        var member = member()
        #expect(member.finish() == nil)
        let isNews = member.fail(.incoming, closed)
        let isNewsAgain = member.fail(.incoming, closed)
        #expect(isNews && !isNewsAgain)
        guard case .failure(closed)? = member.finish() else { return #expect(Bool(false)) }

        // The predecessor of a member that has read all it needs may leave.
        var direct = RingMember(RingGeometry(rank: 0, world: 2))
        let shape = ExchangeShape(counts: [[[2]]], completes: [[]])
        _ = direct.begin(ExchangeTag(phase: 0, attempt: 0), shape, StatisticsBoard(tensors: 0))
        _ = direct.ready(0) { _ in false }
        _ = direct.nextJob()
        direct.sent(0)
        _ = direct.wrote()
        let frame = header(phase: 0, buckets: 1, statistics: 0)
        guard case .use? = direct.place(frame) else { return #expect(Bool(false)) }
        direct.read()
        _ = direct.landed(frame, forward: nil) { _ in false }
        _ = direct.fail(.incoming, closed)
        guard case .success? = direct.finish() else { return #expect(Bool(false)) }

        member.stop()
        guard case .failure(.ownShutdown)? = member.finish() else { return #expect(Bool(false)) }
    }

    @Test("a server's round takes each member's part of a bucket once, and sends the sum to all")
    func round() {
        var round = SummationRound(members: 2)
        func refusal(_ header: GradientFrameHeader, _ member: Int) -> String? {
            if case .refuse(let reason) = round.admit(header, member) { reason } else { nil }
        }
        let first = header(bucket: 1)
        guard case .opens = round.admit(first, 1) else { return #expect(Bool(false)) }
        #expect(refusal(first, 1) == "bucket 1 twice")
        #expect(refusal(header(bucket: 1, pieces: [3]), 0) == "bucket 1 with other pieces than the members before")
        #expect(refusal(header(phase: 5), 0) == "phase 5 attempt 0 of 2 buckets where phase 4 attempt 0 of 2 buckets is under way")
        #expect(refusal(header(hop: 1), 0) == "chunk 0 at hop 1 to a server")
        #expect(round.added(first) == nil)
        #expect(refusal(first, 0) == nil)
        let whole = round.added(first)
        #expect(whole?.hop == 1 && whole?.bucket == 1)
        round.sends(GradientFrame(first, ByteStore()))
        #expect(round.next(to: 0)?.header.bucket == 1)
        #expect(round.next(to: 0) == nil)
        // The other bucket is still missing: no new exchange may begin before this one is complete.
        #expect(refusal(header(phase: 5), 0) != nil)
        for member in 0..<2 {
            #expect(refusal(header(), member) == nil)
            if round.added(header()) != nil { round.sends(GradientFrame(header(), ByteStore())) }
        }
        #expect(refusal(header(), 0) == "phase 4 attempt 0 after phase 4 attempt 0")
        guard case .opens = round.admit(header(phase: 5), 0) else { return #expect(Bool(false)) }
        // A member whose link has ended is sent nothing more, and its failure is reported once.
        let isNews = round.fail(1)
        let isNewsAgain = round.fail(1)
        #expect(isNews && !isNewsAgain && round.isOver(1) && !round.isOver(0))
    }
}
