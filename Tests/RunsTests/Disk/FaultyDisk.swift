import Files
import Foundation
import Kernels
import Runs
import Synchronization
import TestSupport

/// A disk that counts its operations; some of them fail, or from some point on none is done any more.
final class FaultyDisk: Sendable {
    enum Plan: Sendable {
        case nothing
        /// One operation fails, a write after a share of its bytes.
        case fails(operation: Int, code: Int32, written: Double)
        /// Every operation of these kinds fails, the first so many times.
        case failsAlways(Set<Disk.Operation>, code: Int32, times: Int)
        /// So many operations are done, and then nothing: the process was killed.
        case dies(after: Int)
    }

    private struct State {
        var plan: Plan
        var count = 0
        var failed = 0
        /// Files with bytes that no sync has followed.
        var unsynced: Set<String> = []
        /// Renames that no sync of their folder has followed.
        var renames: [(from: String, to: String)] = []
    }

    private let state: Mutex<State>

    init(_ plan: Plan) { state = Mutex(State(plan: plan)) }

    /// Operations asked for so far.
    var count: Int { state.withLock { $0.count } }
    /// Of them, those that failed.
    var failed: Int { state.withLock { $0.failed } }

    func change(to plan: Plan) { state.withLock { $0.plan = plan } }

    var disk: Disk {
        Disk { [self] request in
            state.withLock { state in
                state.count += 1
                let failure = Self.failure(of: request, state)
                if failure != nil { state.failed += 1 } else { Self.note(request, &state) }
                return failure
            }
        }
    }

    private static func failure(of request: Disk.Request, _ state: State) -> Disk.Failure? {
        switch state.plan {
        case .nothing: nil
        case .fails(let operation, let code, let share):
            state.count == operation ? Disk.Failure(code, written: Int(Double(request.bytes) * share)) : nil
        case .failsAlways(let kinds, let code, let times):
            kinds.contains(request.operation) && state.failed < times ? Disk.Failure(code) : nil
        case .dies(let after): state.count > after ? Disk.Failure(EIO) : nil
        }
    }

    private static func note(_ request: Disk.Request, _ state: inout State) {
        switch request.operation {
        case .create, .write, .truncate: state.unsynced.insert(request.path)
        case .sync: state.unsynced.remove(request.path)
        case .rename:
            let source = request.source ?? ""
            state.unsynced = Set(state.unsynced.map { $0.hasPrefix(source) ? request.path + $0.dropFirst(source.count) : $0 })
            state.renames.append((source, request.path))
        case .syncDirectory:
            state.renames.removeAll { ($0.to as NSString).deletingLastPathComponent == request.path }
        case .remove:
            state.unsynced = state.unsynced.filter { !$0.hasPrefix(request.path) }
            state.renames.removeAll { $0.to.hasPrefix(request.path) }
        case .link, .close, .makeDirectory: break
        }
    }

    /// What the device holds after a power failure: files with unsynced bytes have lost some of them, and renames whose folder was not
    /// synced are undone.
    func cutPower(undoingRenames: Bool, seed: UInt64) throws {
        let (unsynced, renames) = state.withLock { ($0.unsynced, $0.renames) }
        var random = SplitMix(seed: seed)
        for path in unsynced.sorted() where FileManager.default.fileExists(atPath: path) {
            let bytes = try Scratch.bytes(path)
            let kept = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
            // Some file systems keep the length and return zeros for the rest.
            let rest = Bool.random(using: &random) ? [UInt8](repeating: 0, count: bytes.count - kept) : []
            try Data(bytes[..<kept] + rest).write(to: URL(fileURLWithPath: path))
        }
        for rename in undoingRenames ? renames.reversed() : [] {
            try FileManager.default.moveItem(atPath: rename.to, toPath: rename.from)
        }
    }
}

/// A file system of 256 KiB in memory, where the tests may mount one.
///
/// It is detached from its folder at once and reached through an open descriptor, so nothing of it outlives the process.
final class SmallDevice: Sendable {
    static let bytes = 256 << 10
    static let shared = SmallDevice()
    let path: String

    private init?() {
        let scratch = Scratch()
        guard getuid() == 0, mount("lockstep-test", scratch.path, "tmpfs", 0, "size=\(Self.bytes)") == 0 else { return nil }
        let descriptor = open(scratch.path, O_RDONLY | O_DIRECTORY)
        umount2(scratch.path, Int32(MNT_DETACH))
        guard descriptor >= 0 else { return nil }
        path = "/proc/self/fd/\(descriptor)"
    }
}
