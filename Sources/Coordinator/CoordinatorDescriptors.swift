import Waiting

/// The file descriptors of a coordinator: what its workers and files need, and what is left for connections that have not yet said hello.
public struct CoordinatorDescriptors {
    /// Logs, records, a checkpoint and a picture being written, event loops, pipes to wake them, ports.
    static let own = 32
    /// A worker's control connection, its link to a summation server, and a new connection that comes before the old one is given up.
    static let ofWorker = 3

    /// A summation server's control connection, and a new one that comes before the old one is given up.
    static let ofServer = 2

    let workers: ClosedRange<Int>
    /// Summation servers in processes of their own.
    let servers: Int
    let limit: Int

    /// - Parameter limit: how many descriptors this process may have open.
    public init(workers: ClosedRange<Int>, servers: Int = 0, limit: Int = DescriptorLimit.present) {
        self.workers = workers
        self.servers = servers
        self.limit = limit
    }

    /// Refuses a limit that would end the run later, when descriptors run out.
    ///
    /// - Throws: `LocalError`.
    public func check() throws {
        let needed = taken(by: workers.lowerBound)
        guard limit < needed else { return }
        throw LocalError(
            "a coordinator of \(workers.lowerBound) workers needs \(needed) open files, and this process may have \(limit): raise the hard limit (ulimit -Hn), or use fewer workers"
        )
    }

    /// How many strangers may be connected at once: half of what is left, and always a few, since every worker is a stranger at first.
    func strangers(atMost most: Int) -> Int {
        max(4, min(most, (limit - taken(by: workers.upperBound)) / 2))
    }

    private func taken(by workers: Int) -> Int { Self.own + Self.ofWorker * workers + Self.ofServer * servers }
}
