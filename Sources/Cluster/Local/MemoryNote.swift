import Autoencoder
import Kernels

/// What the control groups of this machine leave for a run's processes, where that may not be enough: the kernel ends one of them then.
public enum MemoryNote {
    /// Bytes of a process's code, libraries and buffers.
    private static let process = 80 << 20

    /// One line; nil where there is room, or no limit.
    public static func sentence(_ training: TrainingSettings, workers: Int, threads: Int, limits: MachineLimits = .look())
        -> String?
    {
        guard let limit = limits.memory, let left = limits.memoryLeft else { return nil }
        let need = UInt64(workers * (process + training.memoryBytes(threads: threads)))
        guard need > left else { return nil }
        return
            "this control group may have \(limit / 1_000_000) MB, of which \(left / 1_000_000) MB are left, and \(workers) worker\(workers == 1 ? "" : "s") may take \(need / 1_000_000) MB: the kernel would end one of them; take fewer --workers, or raise the limit"
    }
}
