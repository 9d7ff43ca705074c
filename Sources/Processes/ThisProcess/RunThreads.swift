import Kernels

/// How many threads the processes of a run need.
public enum RunThreads {
    /// Signals and the keeper of the coordinator.
    private static let ofSupervisor = 2
    /// Signals, the event loop, the parent's word, records, evaluation, checkpoints, the feeder, the watch of the folder; its first
    /// thread, and some that come and go.
    private static let ofCoordinator = 12
    /// Signals, the event loop, the parent's word, the engine, the gradient listener, both of its links; its first thread, and one that
    /// comes and goes. Not included: compute threads, and those that share a lane's products where threads outnumber shards.
    private static let ofWorker = 9
    /// A summation server reads and writes each link on a thread of its own.
    private static let ofServerLink = 2

    /// For a whole run on this machine.
    ///
    /// - Parameter threads: compute threads of a worker.
    /// - Throws: `ThreadShortage`.
    public static func requireForRun(
        workers: Int, threads: Int, hasServer: Bool, servers: Int = 0, limits: [ThreadRoom] = ThreadRoom.look()
    ) throws {
        try ThreadRoom.require(
            ofSupervisor + coordinator(workers, hasServer) + workers * worker(threads, servers) + servers * server(workers),
            for: "training with \(workers) worker\(workers == 1 ? "" : "s")", limits: limits)
    }

    /// For a coordinator whose workers are elsewhere.
    ///
    /// - Throws: `ThreadShortage`.
    public static func requireForCoordinator(workers: Int, hasServer: Bool, limits: [ThreadRoom] = ThreadRoom.look()) throws {
        try ThreadRoom.require(coordinator(workers, hasServer), for: "a coordinator", limits: limits)
    }

    /// - Throws: `ThreadShortage`.
    public static func requireForWorker(threads: Int, limits: [ThreadRoom] = ThreadRoom.look()) throws {
        try ThreadRoom.require(worker(threads), for: "a worker", limits: limits)
    }

    /// For a summation server in a process of its own, of which no member has come yet.
    ///
    /// - Throws: `ThreadShortage`.
    public static func requireForServer(limits: [ThreadRoom] = ThreadRoom.look()) throws {
        try ThreadRoom.require(server(0), for: "a summation server", limits: limits)
    }

    /// The threads of its first link are already in `ofWorker`.
    private static func worker(_ threads: Int, _ servers: Int = 0) -> Int {
        ofWorker + 2 * threads - 1 + ofServerLink * max(0, servers - 1)
    }

    /// Signals, the event loop, the parent's word, the gradient listener, and one that forms a view, beside its first thread.
    private static func server(_ workers: Int) -> Int { 6 + ofServerLink * workers }

    private static func coordinator(_ workers: Int, _ hasServer: Bool) -> Int {
        ofCoordinator + (hasServer ? ofServerLink * workers : 0)
    }
}
