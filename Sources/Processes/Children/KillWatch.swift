import Glibc
import Kernels
import Runs

/// Distinguishes a child that the kernel has killed for want of memory from one that a user or a program has killed: the kernel counts its own kills.
package struct KillWatch: Sendable {
    private var counted: UInt64?
    private let look: @Sendable () -> UInt64?
    private let memory: UInt64?

    /// - Parameters:
    ///   - memory: bytes that the control groups allow.
    ///   - look: how many processes were killed for want of memory so far; nil where there is no count.
    package init(
        memory: UInt64? = MachineLimits.here.memory, look: @escaping @Sendable () -> UInt64? = { MachineLimits.outOfMemoryKills() }
    ) {
        self.memory = memory
        self.look = look
        counted = look()
    }

    /// How a child ended, in words.
    package mutating func words(on ending: ChildProcess.Ending) -> String {
        guard ending == .killed(signal: SIGKILL), let before = counted, let now = look(), now > before else { return "\(ending)" }
        counted = now
        let limit = memory.map { ", which is limited to \(Sizes.text($0)) for this control group" } ?? ""
        return "\(ending), it seems by the kernel for want of memory\(limit)"
    }
}
