import Foundation
import Kernels
import Synchronization
import Testing

/// A `/proc` and a `/sys` of a test's own.
private final class LimitsTree {
    let root = FileManager.default.temporaryDirectory.path + "/lockstep-limits-" + UUID().uuidString

    init(_ files: [String: String]) throws {
        for (path, text) in files {
            let place = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: place, atomically: false, encoding: .utf8)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }
}

@Suite("What the machine grants") struct MachineLimitsTests {
    private static let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

    @Test("The tightest quota and the smallest limit on the way up count, of the second version")
    func second() throws {
        let tree = try LimitsTree([
            "/proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + Self.unified,
            "/proc/self/cgroup": "0::/pods/mine\n",
            "/sys/fs/cgroup/pods/cpu.max": "150000 100000\n", "/sys/fs/cgroup/pods/mine/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/pods/memory.max": "2000000000\n", "/sys/fs/cgroup/pods/memory.current": "500000000\n",
            "/sys/fs/cgroup/pods/memory.stat": "anon 1\ninactive_file 100000000\n",
            "/sys/fs/cgroup/pods/mine/memory.max": "max\n", "/sys/fs/cgroup/pods/mine/memory.high": "3000000000\n",
            "/sys/fs/cgroup/pods/mine/memory.current": "400000000\n",
            "/sys/fs/cgroup/pods/mine/memory.events": "oom 9\noom_kill 3\n",
            "/proc/meminfo": "MemTotal:       25000000 kB\nMemAvailable:    2000000 kB\n",
        ])
        let limits = MachineLimits.look(root: tree.root, affinity: 8)
        #expect(
            limits
                == MachineLimits(
                    affinity: 8, quota: 1.5, memory: 2_000_000_000, memoryLeft: 1_600_000_000, machineLeft: 2_048_000_000))
        #expect(limits.cores == 2 && MachineLimits.outOfMemoryKills(root: tree.root) == 3)
    }

    @Test("Those of the first version are found by their controllers, below the root of their mount")
    func first() throws {
        let tree = try LimitsTree([
            "/proc/self/mountinfo": """
            33 25 0:28 /docker/1a /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
            36 25 0:31 /docker/1a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory

            """,
            "/proc/self/cgroup": "4:memory:/docker/1a\n3:cpu,cpuacct:/docker/1a/part\n1:name=systemd:/docker/1a\n",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu,cpuacct/part/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/cpu,cpuacct/part/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": "73741824\n",
            "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        ])
        let limits = MachineLimits.look(root: tree.root, affinity: 16)
        #expect(limits == MachineLimits(affinity: 16, quota: 4, memory: 1_073_741_824, memoryLeft: 1_000_000_000))
        #expect(limits.cores == 4 && MachineLimits.outOfMemoryKills(root: tree.root) == 2)
    }

    @Test("Without groups, or with groups that limit nothing, the affinity alone counts")
    func none() throws {
        let bare = try LimitsTree(["/proc/vmstat": "pgfault 1\noom_kill 5\n"])
        #expect(MachineLimits.look(root: bare.root, affinity: 3) == MachineLimits(affinity: 3))
        #expect(MachineLimits.outOfMemoryKills(root: bare.root) == 5)
        let free = try LimitsTree([
            "/proc/self/mountinfo": "36 25 0:31 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            "/proc/self/cgroup": "4:memory:/../..\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ])
        #expect(MachineLimits.look(root: free.root, affinity: 3) == MachineLimits(affinity: 3))
        #expect(MachineLimits(affinity: 4, quota: 0.2).cores == 1)
        #expect(MachineLimits.here.cores >= 1)
    }
}

@Suite("Memory nodes") struct MemoryNodesTests {
    private static let nodes = [
        "/sys/devices/system/node/online": "0-2\n", "/sys/devices/system/node/node0/cpulist": "0-3,8-11\n",
        "/sys/devices/system/node/node1/cpulist": "4-7,12-15\n", "/sys/devices/system/node/node2/cpulist": "\n",
    ]

    @Test("The cores of this process stand by the nodes that they are next to; nodes without any are left out")
    func found() throws {
        func look(allowed: String, _ files: [String: String] = Self.nodes) throws -> [[Int]] {
            let tree = try LimitsTree(files.merging(["/proc/self/status": "Name:\tx\nCpus_allowed_list:\t\(allowed)\n"]) { $1 })
            return MemoryNodes.look(root: tree.root).cores
        }
        #expect(try look(allowed: "0-15") == [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]])
        #expect(try look(allowed: "5,9-10") == [[9, 10], [5]])
        #expect(try look(allowed: "8-11") == [[8, 9, 10, 11]])
        // A core that no node names, and a machine that hides its nodes.
        #expect(try look(allowed: "3-4,16") == [[3, 4, 16]])
        #expect(try look(allowed: "0-1", [:]) == [[0, 1]])
        #expect(try MemoryNodes.look(root: LimitsTree(Self.nodes).root).cores.isEmpty)
        #expect(MemoryNodes.here.cores.joined().count == MachineLimits.schedulableCores())
    }

    @Test("A text that is no list of cores is none", arguments: ["", "x", "3-1", "1-", "-1", "0-99999999999", "1-2-3", "1,,x"])
    func wrong(text: String) { #expect(MemoryNodes.numbers(text[...]).isEmpty) }

    @Test("Processes share the cores node after node, where they can evenly")
    func shares() {
        let nodes = MemoryNodes(cores: [[0, 2], [1, 3]])
        #expect((0..<2).map { nodes.share(of: $0, workers: 2) } == [[0, 2], [1, 3]])
        #expect((0..<4).map { nodes.share(of: $0, workers: 4) } == [[0], [2], [1], [3]])
        #expect(
            nodes.share(of: 0, workers: 3) == nil && nodes.share(of: 0, workers: 1) == nil && nodes.share(of: 0, workers: 8) == nil)
        #expect(MemoryNodes(cores: []).share(of: 0, workers: 2) == nil)
    }

    @Test("A thread that is pinned stays where it is put, and so do those that it starts")
    func pinned() throws {
        let core = try #require(MemoryNodes.here.cores.first?.first)
        // The process's limits are read once, and not on a pinned thread.
        #expect(MachineLimits.here.cores >= 1)
        let found = Mutex<[Bool]>([])
        let thread = Thread {
            let isPinned = MemoryNodes.pin(to: [core])
            let team = ThreadTeam(threads: 2)
            team.run { _ in found.withLock { $0.append(isPinned && MachineLimits.schedulableCores() == 1) } }
        }
        thread.start()
        while found.withLock({ $0.count }) < 2 { usleep(1000) }
        #expect(found.withLock { $0 } == [true, true])
        #expect(!MemoryNodes.pin(to: []) && !MemoryNodes.pin(to: [16_000]))
    }
}

@Suite("Room in memory") struct MemoryRoomTests {
    @Test("A shortage names the limit, what is taken of it, and the way on")
    func sentence() {
        let limits = [
            AddressSpace(name: "RLIMIT_AS", option: "-v", bytes: 614_400_000, taken: 440_000_000),
            AddressSpace(name: "RLIMIT_DATA", option: "-d", bytes: nil, taken: 30_000_000),
        ]
        let short = MemoryShortage(
            purpose: "training with 2 threads", needed: 400_000_000, limits: limits, wayOn: "take fewer --threads")
        for part in [
            "training with 2 threads takes 400 MB", "RLIMIT_AS is set to 615 MB", "440 MB are taken", "ulimit -v unlimited",
        ] {
            #expect(short.description.contains(part), "\(short)")
        }
        #expect(short.description.hasSuffix("(ulimit -v unlimited), or take fewer --threads"), "\(short)")
        let fixed = MemoryShortage(purpose: "encoding", needed: 400_000_000, limits: limits)
        #expect(fixed.description.hasSuffix("raise it (ulimit -v unlimited)"), "\(fixed)")
        let strict = MemoryShortage(purpose: "multiplying", needed: 1, limits: [])
        #expect(strict.description.contains("vm.overcommit_memory") && strict.description.hasSuffix("make room"))
    }

    @Test("What the limit on address space does not leave is refused before the library waits for it", .timeLimit(.minutes(15)))
    func refused() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 0, rlim_max: .max)
            let taken = AddressSpace.limits[0].taken
            limit.rlim_cur = rlim_t(taken) + (200 << 20)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            // Enough for one buffer, and for no more than one.
            let isRefused = (try? MemoryRoom.require(threads: 2, for: "a test")) == nil
            exit(isRefused && AddressSpace.limits[0].bytes == UInt64(limit.rlim_cur) ? 0 : 1)
        }
        await #expect(processExitsWith: .exitCode(1)) {
            var limit = rlimit(rlim_cur: rlim_t(AddressSpace.limits[0].taken) + (64 << 20), rlim_max: .max)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            // The first product of a process that has not asked.
            let m = Matrix(rows: 8, columns: 8)
            Products.forward(m, m, into: Matrix(rows: 8, columns: 8))
        }
    }
}

@Suite("Room for threads") struct ThreadRoomTests {
    private static let mounts = """
        36 25 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
        30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw

        """

    @Test("the group that leaves the fewest threads counts, of either version and at any level")
    func groups() throws {
        let first = try LimitsTree([
            "/proc/self/mountinfo": Self.mounts, "/proc/self/cgroup": "4:pids:/a/b\n0::/\n",
            "/sys/fs/cgroup/pids/a/pids.max": "100\n", "/sys/fs/cgroup/pids/a/pids.current": "90\n",
            "/sys/fs/cgroup/pids/a/b/pids.max": "40\n", "/sys/fs/cgroup/pids/a/b/pids.current": "12\n",
        ])
        let room = ThreadRoom(name: "pids.max", option: "docker --pids-limit", limit: 100, taken: 90)
        #expect(ThreadRoom.look(root: first.root, perUser: nil) == [room])
        let second = try LimitsTree([
            "/proc/self/mountinfo": Self.mounts, "/proc/self/cgroup": "0::/pods\n",
            "/sys/fs/cgroup/unified/pods/pids.max": "30\n", "/sys/fs/cgroup/unified/pods/pids.current": "31\n",
        ])
        #expect(ThreadRoom.look(root: second.root, perUser: nil).map(\.left) == [0])
        let free = try LimitsTree([
            "/proc/self/mountinfo": Self.mounts, "/proc/self/cgroup": "0::/pods\n",
            "/sys/fs/cgroup/unified/pods/pids.max": "max\n",
        ])
        #expect(ThreadRoom.look(root: free.root, perUser: nil).isEmpty)
    }

    @Test("a user's own threads count against RLIMIT_NPROC, which root is not held to")
    func user() throws {
        let tree = try LimitsTree([
            "/proc/loadavg": "0.1 0.2 0.3 1/300 77\n", "/proc/7/status": "Name:\ta\nUid:\t5\t5\t5\t5\nThreads:\t11\n",
            "/proc/8/status": "Name:\tb\nUid:\t6\t6\t6\t6\nThreads:\t20\n", "/proc/9/status": "Uid:\t5\t5\t5\t5\nThreads:\t1\n",
        ])
        let room = ThreadRoom(name: "RLIMIT_NPROC", option: "ulimit -u", limit: 40, taken: 12)
        #expect(ThreadRoom.look(root: tree.root, perUser: 40, user: 5) == [room])
        // If even all of the machine's threads would not reach the limit, the user's are not counted one by one.
        #expect(ThreadRoom.look(root: tree.root, perUser: 30_000, user: 5).map(\.taken) == [300])
        #expect(ThreadRoom.look(root: tree.root, perUser: 40, user: 0).isEmpty)
    }

    @Test("what does not fit is refused with the tightest limit, and what fits is not")
    func refusal() throws {
        let wide = ThreadRoom(name: "pids.max", option: "docker --pids-limit", limit: 100, taken: 10)
        let tight = ThreadRoom(name: "RLIMIT_NPROC", option: "ulimit -u", limit: 40, taken: 12)
        try ThreadRoom.require(28, for: "a worker", limits: [wide, tight])
        try ThreadRoom.require(1_000, for: "a worker", limits: [])
        #expect(throws: ThreadShortage(purpose: "a worker", needed: 29, limit: tight)) {
            try ThreadRoom.require(29, for: "a worker", limits: [wide, tight])
        }
    }
}
