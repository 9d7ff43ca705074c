/// A machine's facts, as far as a run depends on them. Sizes in bytes, times in seconds.
public struct MachineReport: Codable, Sendable {
    public var system: String
    public var cpu: String
    /// Cores this process may use.
    public var cores: Int
    /// Processes that want to compute, averaged over a minute.
    public var load: Double
    /// The instruction set that the loops use.
    public var level: String
    /// Precisions in which it does not reproduce the digest of the reference run.
    public var missedReferences: [String]
    /// GFLOP/s of one core at a large product.
    public var gigaflops: Double
    public var memoryTotal: UInt64
    /// Bytes that can still be taken, under the control groups' limits too.
    public var memoryAvailable: UInt64
    /// The tightest limit of the control groups, where there is one.
    public var memoryLimit: UInt64?
    /// Limits of a process's address space, in words; empty where there is none.
    public var addressLimits: String
    /// Limits on threads, in words; empty where there is none.
    public var threadLimits: String
    /// How many threads the tightest limit leaves; nil where there is none.
    public var threadsLeft: UInt64?
    public var swapTotal: UInt64
    public var swapFree: UInt64
    /// /proc/sys/vm/overcommit_memory: 0, 1, or 2 (strict).
    public var overcommit: Int
    /// Descriptors a process may open.
    public var descriptors: UInt64
    /// Bytes a second over loopback, one connection.
    public var loopback: Double?
    /// Why its processes do not reach each other.
    public var loopbackTrouble: String?
    public var folder: FolderReport
    /// Whether /proc/self/exe can be executed: without it no kernel family can be chosen.
    public var procIsMounted: Bool
}

/// The file system of a folder.
public struct FolderReport: Codable, Sendable {
    public var path: String
    public var free: UInt64
    /// Time to write a page and wait until it is on the device, over several tries; nil where nothing can be written.
    public var syncMedian: Double?
    public var syncWorst: Double?
    /// Why nothing can be written.
    public var trouble: String?
}
