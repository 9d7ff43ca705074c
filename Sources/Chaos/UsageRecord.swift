import Processes

/// What the processes of a run used while it was disturbed: growing memory, threads or descriptors would show here.
struct UsageRecord: Sendable {
    enum Role: String, Sendable, CaseIterable { case supervisor, coordinator, worker }

    struct Sample: Sendable {
        var at: Double
        var usage: ProcessTable.Usage
    }

    /// One process's samples.
    struct Life: Sendable {
        var role: Role
        var samples: [Sample] = []

        var length: Double { samples.last.map { $0.at - samples[0].at } ?? 0 }
    }

    private(set) var lives: [Int32: Life] = [:]
    /// Before this age, in seconds, a process is still starting.
    private static let infancy = 5.0

    mutating func add(_ pid: Int32, _ role: Role, _ usage: ProcessTable.Usage, at: Double) {
        lives[pid, default: Life(role: role)].samples.append(Sample(at: at, usage: usage))
    }

    mutating func add(_ other: UsageRecord) { lives.merge(other.lives) { $1 } }

    /// The largest resident set any process of a role has had.
    func peak(_ role: Role) -> Int { samples(role).map(\.usage.peak).max() ?? 0 }

    /// The largest resident sets in the first and in the last quarter of the time.
    func quarters(_ role: Role) -> (first: Int, last: Int)? {
        let all = samples(role).sorted { $0.at < $1.at }
        guard let begin = all.first?.at, let end = all.last?.at, all.count >= 8 else { return nil }
        let quarter = (end - begin) / 4
        let first = all.filter { $0.at <= begin + quarter }.map(\.usage.resident).max()
        let last = all.filter { $0.at >= end - quarter }.map(\.usage.resident).max()
        guard let first, let last else { return nil }
        return (first, last)
    }

    /// The process of a role that lived longest: its first sample after starting up, and its last one.
    func oldest(_ role: Role) -> (first: Sample, last: Sample)? {
        guard let life = lives.values.filter({ $0.role == role }).max(by: { $0.length < $1.length }),
            let begin = life.samples.first?.at, let last = life.samples.last,
            let first = life.samples.first(where: { $0.at >= begin + Self.infancy }), first.at < last.at
        else { return nil }
        return (first, last)
    }

    private func samples(_ role: Role) -> [Sample] { lives.values.filter { $0.role == role }.flatMap(\.samples) }
}
