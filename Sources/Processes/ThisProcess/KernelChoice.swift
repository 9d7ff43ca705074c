import Glibc
import Kernels
import Logging
import Runs
import Waiting

/// Which family of BLAS kernels this process has. An environment variable chooses it before the library loads, so a
/// process that needs another family executes itself anew.
public enum KernelChoice {
    /// Names the choice this process was executed with; guards against executing anew for ever.
    static let marker = "LOCKSTEP_KERNEL_CHOSEN"

    /// Whether this process was neither executed anew nor started by another process of this program.
    public static var isFirst: Bool { getenv(marker) == nil }

    /// First lines of `main`: executes this program anew with the best family for this CPU and one BLAS thread, unless that
    /// was done already or the user has chosen with `OPENBLAS_CORETYPE`. Touches nothing but the environment.
    public static func enter() {
        guard getenv(marker) == nil else { return }
        let name = getenv("OPENBLAS_CORETYPE") == nil ? KernelFamily.detect().rawValue : "environment"
        execute(name)
    }

    /// The environment of a child process that is to have `kernel` from its first instruction.
    ///
    /// - Throws: `KernelFamilyError` for a name of no family, or of one that this CPU cannot run.
    public static func environment(_ base: [String: String], kernel: String) throws -> [String: String] {
        let family = try KernelFamily.named(kernel)
        var environment = base
        for (key, value) in try KernelFamily.environment(for: family.rawValue) { environment[key] = value }
        environment[marker] = family.rawValue
        return environment
    }

    /// Makes sure that this process has the family a run was made with, and executes the program anew where it has not.
    ///
    /// A command calls this before it takes, opens, makes or says anything: all that would be done twice, and input that can be
    /// read only once would be lost.
    ///
    /// - Throws: `KernelFamilyError` where this CPU cannot run it; `LocalError` where the library does not offer it.
    public static func require(_ kernel: String) throws {
        if try mustRestart(for: kernel) { restart(with: kernel) }
    }

    /// Executes the program anew with a family; returns only where that is impossible.
    public static func restart(with kernel: String) { execute(kernel) }

    /// Whether this process has another family than `kernel`.
    ///
    /// - Throws: as `require`.
    public static func mustRestart(for kernel: String) throws -> Bool {
        guard kernel != "auto", kernel != KernelFamily.loaded else { return false }
        let family = try KernelFamily.named(kernel)
        if let chosen = getenv(marker), String(cString: chosen) == family.rawValue {
            throw LocalError(
                "this run needs the BLAS kernel \(kernel), the library here (\(KernelFamily.libraryVersion)) answers with \(KernelFamily.loaded); install the OpenBLAS version the run was made with"
            )
        }
        return true
    }

    private static func execute(_ name: String) {
        if name != "environment", let variables = try? KernelFamily.environment(for: name) {
            for (key, value) in variables { setenv(key, value, 1) }
        }
        setenv("OPENBLAS_NUM_THREADS", "1", 1)
        setenv(marker, name, 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        // Where /proc is missing the process goes on with the library's own choice; `require` says so when it matters.
    }
}
