import Collectives
import Kernels
import Wire

/// Where the workers are, and what the links between them carry.
public struct PlannedCluster: Sendable {
    public enum Place: Sendable, Equatable {
        /// Each on a host of its own.
        case hosts
        /// All on this machine, which has `cores` cores.
        case here(cores: Int)
    }

    public var workers: Int
    public var place: Place
    /// Bytes a second that a link carries each way; on one machine, what its loopback sockets carry.
    public var bytesPerSecond: Double
    /// Seconds from one end of a link to the other.
    public var latency: Double
    /// Seconds that a frame costs in addition to its bytes: waking threads, system calls.
    public var frame: Double
    /// Seconds of a core for each byte that goes through its sockets.
    public var copying: Double
    /// Cores of a host.
    public var cores: Int
    /// Summation servers of the topology `server`, each with a link of its own.
    public var servers: Int

    public init(
        workers: Int, place: Place, bytesPerSecond: Double, latency: Double, frame: Double, copying: Double, cores: Int,
        servers: Int = 1
    ) {
        precondition(servers >= 1)
        self.servers = servers
        self.workers = workers
        self.place = place
        self.bytesPerSecond = bytesPerSecond
        self.latency = latency
        self.frame = frame
        self.copying = copying
        self.cores = cores
    }
}

/// How long a step will take, from how long a worker's share of it takes and what the links carry.
///
/// Every phase is simulated bucket by bucket. A bucket leaves when the backward pass has completed it. Packing threads, links and unpacking threads
/// each do one thing at a time. The update begins when the last bucket has arrived. All members are taken to be alike, so that one stands for all.
/// Where the processes of one machine have more work than its cores can do in that time, the work decides.
public struct StepForecast: Sendable {
    /// Seconds of a step.
    public let seconds: Double
    /// Parts of `seconds`: forward and backward passes, updates, and the wait for gradients.
    public let compute, update, wait: Double
    /// Bytes that a worker sends.
    public let sent: Double

    /// - Parameter images: bytes of a step's images, which all leave the coordinator's link.
    public init(
        _ share: WorkerShare, _ cluster: PlannedCluster, topology: Topology, coding: GradientCoding, images: Double = 0
    ) {
        let crowd = Crowd(share, cluster)
        var (seconds, compute, update, sent) = (0.0, 0.0, 0.0, 0.0)
        for phase in share.phases {
            let played = PlayedPhase(phase, cluster, topology, coding, threads: share.threads, crowd: crowd)
            seconds += played.seconds + phase.update * crowd.update
            compute += phase.compute * crowd.compute
            update += phase.update * crowd.update
            sent += played.sent
        }
        // The next steps' images travel at the same time as this step's gradients.
        if case .hosts = cluster.place { seconds = max(seconds, images / cluster.bytesPerSecond) }
        self.seconds = seconds
        (self.compute, self.update, self.sent) = (compute, update, sent)
        wait = max(0, seconds - compute - update)
    }
}

/// How much longer things take where processes have more threads than there are cores.
private struct Crowd {
    /// The backward pass of the worker with the most shards, and an update.
    let compute, update: Double
    /// What all workers compute together, as a multiple of the largest share.
    let loads: Double

    init(_ share: WorkerShare, _ cluster: PlannedCluster) {
        guard case .here(let cores) = cluster.place else {
            (compute, loads) = (max(1, Double(share.threads) / Double(cluster.cores)), 1)
            update = compute
            return
        }
        let counts = (0..<cluster.workers).map {
            ShardGeometry.owned(by: $0, of: cluster.workers, shards: share.ofShards).count
        }
        let all = counts.map { Double($0) / Double(max(1, counts.max() ?? 1)) }.sorted()
        // The scheduler divides the cores equally among the workers that still compute; those with little to do finish first and leave theirs.
        var (time, done) = (0.0, 0.0)
        for (index, load) in all.enumerated() where load > done {
            let speed = min(1, Double(cores) / Double((all.count - index) * share.threads))
            time += (load - done) / speed
            done = load
        }
        (compute, loads) = (time, all.reduce(0, +))
        update = max(1, Double(cluster.workers * share.threads) / Double(cores))
    }
}

/// One phase, until its last bucket is there.
private struct PlayedPhase {
    private(set) var seconds = 0.0
    private(set) var sent = 0.0

    init(
        _ phase: WorkerShare.Phase, _ cluster: PlannedCluster, _ topology: Topology, _ coding: GradientCoding, threads: Int,
        crowd: Crowd
    ) {
        guard cluster.workers > 1 else {
            seconds = phase.compute * crowd.compute
            return
        }
        let way: any Way =
            topology == .ring ? RingWay(cluster: cluster, coding: coding) : ServerWay(cluster: cluster, coding: coding)
        for bytes in phase.moments { seconds += way.small(bytes) }
        var work = 0.0
        // Where the backward pass uses all cores, packing during it takes cores from it.
        var compute = phase.compute * crowd.compute
        var end = 0.0
        for _ in 0..<2 {
            let stretch = compute / phase.compute
            let played = way.play(phase.buckets.map { (ready: max(0, phase.compute - $0.lead) * stretch, $0) })
            (end, sent, work) = (played.end, played.sent, played.work)
            let taken = played.work * min(1, compute / max(compute, played.end))
            let busy = threads >= cluster.cores ? taken / Double(cluster.cores) : 0
            compute = phase.compute * crowd.compute + busy
        }
        var whole = max(compute, end)
        if case .here(let cores) = cluster.place {
            // No arrangement does the work of all processes faster than all cores can.
            let all = crowd.loads * phase.compute * Double(threads) + Double(cluster.workers) * work
            whole = max(whole, all / Double(cores))
        }
        seconds += whole
    }
}

/// How the buckets of a phase reach all members.
private protocol Way {
    /// - Returns: when the last bucket has arrived, bytes that a member sends, and seconds of work of its threads.
    func play(_ buckets: [(ready: Double, bucket: WorkerShare.Bucket)]) -> (end: Double, sent: Double, work: Double)
    /// An exchange of few bytes that everybody waits for.
    func small(_ bytes: Double) -> Double
}

/// Something that does one thing at a time.
private struct Station {
    private var free = 0.0

    /// - Returns: when it is done with work that comes at `time` and takes `duration`.
    mutating func occupy(from time: Double, for duration: Double) -> Double {
        free = max(free, time) + duration
        return free
    }
}

private struct RingWay: Way {
    let cluster: PlannedCluster
    let coding: GradientCoding

    private struct Task {
        let bucket: Int
        var hop: Int
        var time: Double
    }

    func play(_ buckets: [(ready: Double, bucket: WorkerShare.Bucket)]) -> (end: Double, sent: Double, work: Double) {
        let n = cluster.workers
        // Two members send each other their whole gradient.
        let (hops, part) = n == 2 ? (1, 1.0) : (2 * (n - 1), 1 / Double(n))
        var (writer, link, reader) = (Station(), Station(), Station())
        var (end, sent, work) = (0.0, 0.0, 0.0)
        // Hop by hop in the order in which each can begin.
        var open = buckets.enumerated().map { Task(bucket: $0, hop: 0, time: $1.ready) }
        while let next = open.indices.min(by: { open[$0].time < open[$1].time }) {
            var task = open[next]
            guard let coded = buckets[task.bucket].bucket.coded[coding] else { preconditionFailure("\(coding) was not measured") }
            // The first half of the hops adds, and packs each partial sum anew; the other hops pass on what came.
            let packing = task.hop < n ? coded.packing * part : 0
            let unpacking = coded.unpacking * part
            let bytes = coded.bytes(ofParts: min(task.hop + 1, n), of: n) * part
            let packed = writer.occupy(from: task.time, for: packing + cluster.frame / 2)
            let arrived = link.occupy(from: packed, for: bytes / cluster.bytesPerSecond) + cluster.latency
            let there = reader.occupy(from: arrived, for: unpacking + cluster.frame / 2)
            sent += bytes
            work += packing + unpacking + cluster.frame + bytes * cluster.copying
            end = max(end, there)
            task.hop += 1
            task.time = there
            if task.hop < hops { open[next] = task } else { open.remove(at: next) }
        }
        return (end, sent, work)
    }

    func small(_ bytes: Double) -> Double {
        let (hops, part) = cluster.workers == 2 ? (1, 1.0) : (Double(2 * (cluster.workers - 1)), 1 / Double(cluster.workers))
        return hops * (cluster.latency + cluster.frame + bytes * part / cluster.bytesPerSecond)
    }
}

private struct ServerWay: Way {
    let cluster: PlannedCluster
    let coding: GradientCoding

    func play(_ buckets: [(ready: Double, bucket: WorkerShare.Bucket)]) -> (end: Double, sent: Double, work: Double) {
        let n = Double(cluster.workers)
        // Each server sums one part of a bucket; a member's own link carries all parts.
        let m = Double(cluster.servers)
        let crossing = max(1, n / m)
        var (writer, incoming, adder, packer, outgoing, reader) = (
            Station(), Station(), Station(), Station(), Station(), Station()
        )
        var (end, sent, work) = (0.0, 0.0, 0.0)
        for (ready, bucket) in buckets.sorted(by: { $0.ready < $1.ready }) {
            guard let coded = bucket.coded[coding] else { preconditionFailure("\(coding) was not measured") }
            // The parts of all members come in on a server's one link, and go out on it.
            let packed = writer.occupy(from: ready, for: coded.packing + cluster.frame / 2)
            let arrived = incoming.occupy(from: packed, for: crossing * coded.bytes / cluster.bytesPerSecond) + cluster.latency
            let added = adder.occupy(
                from: arrived, for: n * (coded.unpacking / m + cluster.frame) / Double(max(1, min(cluster.cores, cluster.workers))))
            let whole = packer.occupy(from: added, for: coded.packing / m)
            let back =
                outgoing.occupy(from: whole, for: crossing * coded.wholeBytes / cluster.bytesPerSecond + cluster.frame)
                + cluster.latency
            end = max(end, reader.occupy(from: back, for: coded.unpacking + cluster.frame / 2))
            sent += coded.bytes
            // On one machine the server's work is done there too: each member counts its share.
            work +=
                coded.packing * (1 + 1 / n) + 2 * (coded.unpacking + cluster.frame)
                + (coded.bytes + coded.wholeBytes) * cluster.copying
        }
        return (end, sent, work)
    }

    func small(_ bytes: Double) -> Double {
        let crossing = max(1, Double(cluster.workers) / Double(cluster.servers))
        return 2 * (cluster.latency + cluster.frame + crossing * bytes / cluster.bytesPerSecond)
    }
}
