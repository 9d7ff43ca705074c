import Runs

/// Workers with nothing to compute: beyond one for each shard they only keep their state in step. The user should know before a run begins.
struct Spares {
    let workers: Int
    let shards: Int
    /// If not new, the run keeps its shards.
    let isNew: Bool
    /// The most shards: each has at least one row of the minibatch.
    private let most: Int

    init(workers: Int, of configuration: Configuration, isNew: Bool) {
        self.workers = workers
        self.isNew = isNew
        shards = configuration.shards
        most = min(Configuration.mostShards, configuration.minibatch)
    }

    var count: Int { max(0, workers - shards) }

    /// One line; nil where every worker has something to do, and leaving one out would slow the run.
    var sentence: String? {
        guard count > 0 else { return uneven }
        let them = count == 1 ? "1 of the \(workers) workers" : "\(count) of the \(workers) workers"
        return
            "\(them) will have no shard and compute nothing, since a minibatch is cut into \(shards): they stand by as spares. \(way)"
    }

    /// A note on uneven shards: a step takes as long as the worker with the most.
    private var uneven: String? {
        let largest = (shards + workers - 1) / workers
        let enough = (shards + largest - 1) / largest
        guard enough < workers else { return nil }
        let even = largest * workers
        let way =
            even > most
            ? ""
            : isNew
                ? "; --set shards=\(even) gives all of them as many (other bits than with \(shards))"
                : "; a new run with --set shards=\(even) would use them all alike"
        return
            "\(workers) workers share \(shards) shards unevenly: some have \(largest), so that --workers \(enough) is as fast\(way)"
    }

    private var way: String {
        let enough = "--workers \(shards) is as fast"
        guard workers <= most else { return enough }
        let setting = "--set shards=\(workers)"
        return isNew
            ? "\(setting) gives each of them one (other bits than with \(shards)); \(enough)"
            : "\(enough); a new run with \(setting) would use them all"
    }
}
