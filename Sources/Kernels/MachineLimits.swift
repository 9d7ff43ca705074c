import CKernels
import Files
import Glibc

/// What this process may use of its machine: cores by its affinity and by the quota of its control groups, memory by their limits.
///
/// A container sees the whole machine in `/proc`. Only its control groups, at any level above it, say what it was given.
public struct MachineLimits: Sendable, Equatable {
    /// Cores that the scheduler lets this process run on.
    public var affinity: Int
    /// Computing time, in cores, that the tightest control group grants; nil where none sets a limit.
    public var quota: Double?
    /// The smallest memory limit of the control groups on the way up, in bytes; nil where none has one.
    public var memory: UInt64?
    /// Bytes that may still be taken before that limit; cache that can be dropped counts as free.
    public var memoryLeft: UInt64?

    /// Bytes that the whole machine can still give, as the kernel estimates; nil where it does not say.
    public var machineLeft: UInt64?

    public init(
        affinity: Int, quota: Double? = nil, memory: UInt64? = nil, memoryLeft: UInt64? = nil, machineLeft: UInt64? = nil
    ) {
        self.machineLeft = machineLeft
        self.affinity = affinity
        self.quota = quota
        self.memory = memory
        self.memoryLeft = memoryLeft
    }

    /// How many threads can work at once. Part of a core counts as one: with one thread more, the kernel sometimes holds a thread back; with one
    /// less, time would stay unused.
    public var cores: Int { max(1, min(affinity, quota.map { Int($0.rounded(.up)) } ?? affinity)) }

    /// The limits of this process, as they were when first asked for.
    public static let here = look()

    /// The limits as they are now.
    ///
    /// - Parameter root: a prefix to `/proc` and `/sys`; tests give a tree of their own.
    public static func look(root: String = "", affinity: Int = schedulableCores()) -> MachineLimits {
        let groups = ControlGroups(root: root)
        var limits = MachineLimits(affinity: affinity, machineLeft: groups.machineLeft)
        for folder in groups.way(.cpu) { limits.quota = smaller(limits.quota, groups.quota(folder)) }
        for folder in groups.way(.memory) {
            guard let limit = groups.memoryLimit(folder) else { continue }
            limits.memory = smaller(limits.memory, limit)
            let used = groups.memoryUsed(folder)
            limits.memoryLeft = smaller(limits.memoryLeft, limit > used ? limit - used : 0)
        }
        return limits
    }

    /// How many processes in this process's control group the kernel has killed for lack of memory. Where the group does not count them, those of the
    /// whole machine; nil where neither is counted.
    public static func outOfMemoryKills(root: String = "") -> UInt64? { ControlGroups(root: root).outOfMemoryKills }

    /// The control group on the way up that leaves the fewest threads; nil where none limits them.
    static func threads(root: String) -> (limit: UInt64, taken: UInt64)? {
        let groups = ControlGroups(root: root)
        return groups.way(.pids).compactMap(groups.threads).min {
            Int64($0.limit) - Int64($0.taken) < Int64($1.limit) - Int64($1.taken)
        }
    }

    /// Cores of the affinity mask; at least 1.
    public static func schedulableCores() -> Int {
        let cores = ck_schedulable_cores()
        return cores > 0 ? Int(cores) : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}

private func smaller<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
    guard let a, let b else { return a ?? b }
    return min(a, b)
}

/// The control groups of this process, of either version, as files.
private struct ControlGroups {
    enum Controller: String {
        case cpu, memory, pids
    }

    /// A group's folder, and which version's files it has.
    struct Folder {
        let path: String
        let isUnified: Bool
    }

    private struct Mount {
        let root, point: String
        /// Nil for the unified hierarchy.
        let controllers: Set<String>?
    }

    private let root: String
    private let mounts: [Mount]
    /// The group's path by controller; the key "" has that of the unified hierarchy.
    private let paths: [String: String]

    init(root: String) {
        self.root = root
        mounts = SystemText.text(root + "/proc/self/mountinfo").split(separator: "\n").compactMap(Self.mount)
        var paths: [String: String] = [:]
        for line in SystemText.text(root + "/proc/self/cgroup").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[String(controller)] = String(parts[2])
            }
        }
        self.paths = paths
    }

    /// "36 35 0:31 /docker/1a2b /sys/fs/cgroup/memory rw,… - cgroup cgroup rw,memory"
    private static func mount(_ line: Substring) -> Mount? {
        let sides = line.split(separator: " - ", maxSplits: 1)
        guard sides.count == 2 else { return nil }
        let (place, kind) = (sides[0].split(separator: " "), sides[1].split(separator: " "))
        guard place.count >= 5, kind.count >= 3 else { return nil }
        let (root, point) = (String(place[3]), String(place[4]))
        switch kind[0] {
        case "cgroup2": return Mount(root: root, point: point, controllers: nil)
        case "cgroup": return Mount(root: root, point: point, controllers: Set(kind[2].split(separator: ",").map(String.init)))
        default: return nil
        }
    }

    /// The group of this process and all visible groups above it.
    func way(_ controller: Controller) -> [Folder] {
        mounts.flatMap { mount -> [Folder] in
            let isUnified = mount.controllers == nil
            guard mount.controllers?.contains(controller.rawValue) ?? true,
                let path = paths[isUnified ? "" : controller.rawValue]
            else { return [] }
            var names = Self.names(path)
            let above = Self.names(mount.root)
            // A mount shows the part of the tree below its root; what lies outside, as in a namespace, is that root itself.
            names = names.starts(with: above) ? Array(names.dropFirst(above.count)) : []
            if names.contains("..") { names = [] }
            return (0...names.count).reversed().map { count in
                Folder(path: root + ([mount.point] + names[..<count]).joined(separator: "/"), isUnified: isUnified)
            }
        }
    }

    private static func names(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

    func quota(_ folder: Folder) -> Double? {
        let text =
            folder.isUnified
            ? SystemText.text(folder.path + "/cpu.max")
            : SystemText.text(folder.path + "/cpu.cfs_quota_us") + " " + SystemText.text(folder.path + "/cpu.cfs_period_us")
        let words = SystemText.fields(text)
        // "max", or -1 in the first version, means no quota.
        guard words.count == 2, let time = Double(words[0]), let period = Double(words[1]), time > 0, period > 0 else { return nil }
        return time / period
    }

    /// The first version says "none" by the largest number of pages there is.
    private static let mostBytes: UInt64 = 1 << 60

    func memoryLimit(_ folder: Folder) -> UInt64? {
        let names = folder.isUnified ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
        return names.compactMap { number(folder.path + "/" + $0) }.filter { $0 < Self.mostBytes }.min()
    }

    func memoryUsed(_ folder: Folder) -> UInt64 {
        let used = number(folder.path + (folder.isUnified ? "/memory.current" : "/memory.usage_in_bytes")) ?? 0
        let cache = Self.value(folder.isUnified ? "inactive_file" : "total_inactive_file", in: folder.path + "/memory.stat") ?? 0
        return used > cache ? used - cache : 0
    }

    /// Both versions have the same two files; "max" means no limit.
    func threads(_ folder: Folder) -> (limit: UInt64, taken: UInt64)? {
        guard let limit = number(folder.path + "/pids.max") else { return nil }
        // The kernel itself allows at most 2^22 threads.
        return (min(limit, 1 << 32), min(number(folder.path + "/pids.current") ?? 0, 1 << 32))
    }

    var machineLeft: UInt64? { SystemText.bytes(of: "MemAvailable", in: SystemText.text(root + "/proc/meminfo")) }

    var outOfMemoryKills: UInt64? {
        let counts = way(.memory).compactMap { folder in
            Self.value("oom_kill", in: folder.path + (folder.isUnified ? "/memory.events" : "/memory.oom_control"))
        }
        return counts.first ?? Self.value("oom_kill", in: root + "/proc/vmstat")
    }

    private func number(_ path: String) -> UInt64? { UInt64(SystemText.text(path).filter { !$0.isWhitespace }) }

    /// The number that follows a name in a file of lines "name number".
    private static func value(_ name: String, in path: String) -> UInt64? {
        for line in SystemText.text(path).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return UInt64(words[1]) }
        }
        return nil
    }
}
