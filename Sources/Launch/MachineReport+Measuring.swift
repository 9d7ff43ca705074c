import Autoencoder
import Collectives
import Files
import Foundation
import Glibc
import Kernels
import Processes
import Runs
import Waiting
import Wire

extension MachineReport {
    /// Measures this machine; takes about a second. `folder` is where a run would be written: it need not exist.
    static func measured(folder: String?) -> MachineReport {
        let memory = SystemText.text("/proc/meminfo")
        let limits = MachineLimits.look()
        let threads = ThreadRoom.look()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return MachineReport(
            system: Provenance.systemName(), cpu: Provenance.cpuModel(), cores: limits.cores,
            load: SystemText.fields(SystemText.text("/proc/loadavg")).first.flatMap { Double($0) } ?? 0,
            level: "\(InstructionLevel.current)",
            missedReferences: ReferenceRun.all.filter { (try? $0.holdsHere()) != true }.map(\.precision.rawValue),
            gigaflops: productSpeed(),
            memoryTotal: SystemText.bytes(of: "MemTotal", in: memory) ?? 0,
            memoryAvailable: min(limits.machineLeft ?? 0, limits.memoryLeft ?? .max),
            memoryLimit: limits.memory, addressLimits: AddressSpace.words,
            threadLimits: threads.map(\.words).joined(separator: "; "), threadsLeft: threads.map(\.left).min(),
            swapTotal: SystemText.bytes(of: "SwapTotal", in: memory) ?? 0,
            swapFree: SystemText.bytes(of: "SwapFree", in: memory) ?? 0,
            overcommit: Int(SystemText.line("/proc/sys/vm/overcommit_memory")) ?? 0,
            descriptors: UInt64(limit.rlim_cur), loopback: try? loopbackSpeed(), loopbackTrouble: loopbackTrouble(),
            folder: FolderReport.measured(folder),
            procIsMounted: access("/proc/self/exe", X_OK) == 0)
    }

    /// GFLOP/s of the fastest of some products on one thread.
    private static func productSpeed() -> Double {
        let (rows, width) = (512, 1000)
        let (x, w) = (Matrix(rows: rows, columns: width), Matrix(rows: width, columns: width))
        let y = Matrix(rows: rows, columns: width)
        for (step, matrix) in [x, w].enumerated() {
            RandomSource(seed: 1, purpose: .probe, step: UInt64(step)).fillNormal(matrix, firstRow: 0, std: 1)
        }
        let best = (0..<6).map { _ in
            let start = SuspendingClock.now
            PortableProducts.forward(x, w, into: y)
            return start.duration(to: .now).seconds
        }.min()!
        return 2e-9 * Double(rows) * Double(width) * Double(width) / best
    }

    private static func loopbackTrouble() -> String? {
        do {
            try Loopback.require()
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func loopbackSpeed() throws -> Double {
        let nonce = Secret.bytes(16)
        let listener = try ProbeListener(port: 0, nonce: nonce)
        defer { listener.shutdown() }
        let link = try ProbeLink(to: HostPort(host: "127.0.0.1", port: listener.port), nonce: nonce)
        return try link.send(for: .milliseconds(200))
    }
}

extension FolderReport {
    /// Times of a small write that must reach the device, in the nearest folder above `path` that exists.
    static func measured(_ path: String?, times: Int = 20) -> FolderReport {
        var folder = path ?? FileManager.default.currentDirectoryPath
        if !folder.hasPrefix("/") { folder = FileManager.default.currentDirectoryPath + "/" + folder }
        while !FileManager.default.fileExists(atPath: folder), folder.count > 1 {
            folder = FilePath.folder(of: folder)
        }
        var space = statvfs()
        let free = statvfs(folder, &space) == 0 ? UInt64(space.f_bavail) * UInt64(space.f_frsize) : 0
        var report = FolderReport(path: folder, free: free)
        do {
            let seconds = try syncSeconds(in: folder, times: times).sorted()
            report.syncMedian = seconds[seconds.count / 2]
            report.syncWorst = seconds.last
        } catch {
            report.trouble = "\(error)"
        }
        return report
    }

    private static func syncSeconds(in folder: String, times: Int) throws -> [Double] {
        let name = "\(folder)/.lockstep-doctor-\(getpid())"
        let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LocalError(String(cString: strerror(errno))) }
        defer {
            close(file)
            unlink(name)
        }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        return try (0..<times).map { _ in
            let start = SuspendingClock.now
            guard write(file, page, page.count) == page.count, fsync(file) == 0 else {
                throw LocalError(String(cString: strerror(errno)))
            }
            return start.duration(to: .now).seconds
        }
    }
}
