import Autoencoder
import Kernels

/// A note where the machine, or its control groups, may not leave enough memory for a run's processes: the kernel would then kill one of them.
public enum MemoryNote {
    /// Bytes of a process's code, libraries and buffers.
    private static let process = 80 << 20

    /// One line; nil where there is room, or no limit.
    public static func sentence(_ training: TrainingSettings, workers: Int, threads: Int, limits: MachineLimits = .look())
        -> String?
    {
        let need = UInt64(workers * (process + training.memoryBytes(threads: threads)))
        let may = "\(workers) worker\(workers == 1 ? "" : "s") may take \(need / 1_000_000) MB: the kernel would end one of them"
        if let limit = limits.memory, let left = limits.memoryLeft, need > left {
            return
                "this control group may have \(limit / 1_000_000) MB, of which \(left / 1_000_000) MB are left, and \(may); take fewer --workers, or raise the limit"
        }
        guard let left = limits.machineLeft, need > left else { return nil }
        return
            "this machine has \(left / 1_000_000) MB of memory available, and \(may); take fewer --workers, or a smaller model or minibatch"
    }
}
