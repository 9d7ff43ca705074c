import Autoencoder
import Collectives
import Datasets
import Processes
import Runs

/// Whether this machine has room for a run that is about to begin or go on.
struct RunRoom {
    let configuration: Configuration
    let data: DataSet

    private var training: TrainingSettings {
        configuration.training(on: data)
    }

    /// The check of `train` and `resume`, before anything is made or changed, for a run whose processes are all here.
    ///
    /// - Parameters:
    ///   - threads: compute threads of each worker.
    ///   - path: where the run is, or will be.
    ///   - taken: bytes of the run that are on the disk already.
    /// - Throws: `MemoryShortage` where a worker could not train, `ThreadShortage` where a process would lack a thread.
    func require(workers: Int, threads: Int, _ exchange: ExchangeOptions, at path: String, taken: UInt64 = 0) throws {
        warnOfDisk(at: path, taken: taken)
        try RunThreads.requireForRun(
            workers: workers, threads: threads, hasServer: exchange.topology == .server, servers: exchange.servers)
        noteMemory(workers: workers, threads: threads)
        // The run's processes have this one's limits.
        try training.requireMemory(threads: threads, held: held)
    }

    /// Bytes that this process holds and a worker does not: the data, which only the coordinator has, less what a worker's start takes.
    var held: Int { data.train.count * data.train.pixels - Self.start }

    /// Bytes that a worker takes before its own check, beyond what this process has by now: threads, an event loop, connections.
    private static let start = 32 << 20

    /// Says where the control group may have too little for all of the workers.
    func noteMemory(workers: Int, threads: Int) {
        if let note = MemoryNote.sentence(training, workers: workers, threads: threads) { Output.note(note) }
    }

    /// Says where the file system of `path` has less than the run will have written by its end.
    func warnOfDisk(at path: String, taken: UInt64 = 0) {
        let need = DiskNeed(
            configuration, pixels: data.train.pixels, trainingImages: data.train.count, shape: PictureShape(of: data.train))
        if let warning = need.warning(at: path, taken: taken) { Output.note("warning: \(warning)") }
    }
}
