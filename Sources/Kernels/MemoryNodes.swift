import CKernels
import Files

/// The cores that this process may run on, by the memory node (NUMA) that each is next to.
///
/// Memory of another node is slower to reach, so a process is fastest when it keeps to one node.
public struct MemoryNodes: Sendable, Equatable {
    /// Numbers of cores, ascending within a node; nodes with no core of this process are left out. Empty where the machine does not say.
    public let cores: [[Int]]

    public init(cores: [[Int]]) { self.cores = cores }

    /// The nodes of this process, as they were when first asked for.
    public static let here = look()

    /// The nodes as they are now.
    ///
    /// - Parameter root: a prefix to `/proc` and `/sys`; tests give a tree of their own.
    public static func look(root: String = "") -> MemoryNodes {
        let status = SystemText.text(root + "/proc/self/status")
        let allowed = SystemText.value(of: "Cpus_allowed_list", in: status).map { numbers($0[...]) } ?? []
        let folder = root + "/sys/devices/system/node"
        let nodes = numbers(SystemText.text(folder + "/online")[...]).map { node in
            numbers(SystemText.text("\(folder)/node\(node)/cpulist")[...]).filter(Set(allowed).contains)
        }
        let found = nodes.filter { !$0.isEmpty }
        // A container may hide the nodes: then the cores count as one.
        return MemoryNodes(cores: Set(found.joined()) == Set(allowed) ? found : [allowed].filter { !$0.isEmpty })
    }

    /// The cores of one of `workers` processes that share all of them evenly, node after node; nil where they cannot.
    public func share(of worker: Int, workers: Int) -> [Int]? {
        let all = Array(cores.joined())
        guard workers > 1, !all.isEmpty, all.count % workers == 0 else { return nil }
        let each = all.count / workers
        return Array(all[worker * each..<(worker + 1) * each])
    }

    /// Keeps the calling thread, and those that it starts from now on, on these cores.
    ///
    /// - Returns: whether the kernel has agreed.
    @discardableResult
    public static func pin(to cores: [Int]) -> Bool { ck_pin(cores.map(Int32.init), cores.count) != 0 }

    /// "0-3,8" names 0, 1, 2, 3 and 8; empty where the text is no such list.
    public static func numbers(_ list: Substring) -> [Int] {
        var numbers: [Int] = []
        for part in list.filter({ !$0.isWhitespace }).split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1], low >= 0, low <= high,
                high < mostCores
            else { return [] }
            numbers += low...high
        }
        return numbers
    }

    /// The kernel supports no more cores.
    private static let mostCores = 16_384
}
