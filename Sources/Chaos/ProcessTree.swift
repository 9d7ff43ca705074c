import Processes

/// The processes of one run on this machine, as its supervisor has started them.
struct ProcessTree {
    var coordinator: Int32?
    var workers: [Int32] = []
    /// Where the workers find the coordinator.
    var port: Int?

    var all: [Int32] { workers + (coordinator.map { [$0] } ?? []) }

    /// Reads the children of a supervisor, except those in `dead`, for which it may not have waited yet.
    init(supervisor: Int32, dead: Set<Int32>) {
        for pid in ProcessTable.children(of: supervisor) where !dead.contains(pid) && ProcessTable.lives(pid) {
            let words = ProcessTable.words(of: pid)
            switch words.dropFirst().first {
            case "coordinator": coordinator = pid
            case "worker":
                workers.append(pid)
                if let flag = words.firstIndex(of: "--coordinator"), flag + 1 < words.count {
                    port = words[flag + 1].split(separator: ":").last.flatMap { Int($0) }
                }
            default: break
            }
        }
    }
}
