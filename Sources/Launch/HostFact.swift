import Files
import Processes

/// What a check has found about a host, with its numbers. `HostFact+Words.swift` makes the sentences.
package enum HostFact: Sendable, Equatable {
    /// What one host dials of another.
    package enum Door: Sendable, Equatable {
        /// The coordinator's port on this host; `isFixed`: the user has chosen it.
        case coordinator(isFixed: Bool)
        /// The port of this host's summation server.
        case summation(isFixed: Bool)
        /// A worker's data port on another host.
        case worker(host: String, isFixed: Bool)
        /// This host's port, in a look at every pair.
        case here(isFixed: Bool)
        /// Another host's port, in a look at every pair.
        case other(host: String, isFixed: Bool)
    }

    /// Which port it is, named by the flag that can change it.
    package enum Port: Sendable, Equatable {
        case control, data
        /// Either of the two.
        case either
    }

    /// Which kernel family could be had instead.
    package enum KernelChoice: Sendable, Equatable {
        /// A run keeps the family that it was begun with.
        case kept(String)
        case noneInCommon
        /// The best of all these hosts.
        case best(String)
        /// The CPU has it, and the library there does not.
        case libraryLacks
    }

    // Whether lockstep starts there.
    case noHello(AgentLink.HelloTrouble, StartWay)
    case otherBuild(there: String, here: String)
    /// Its agent, or a request to it, failed.
    case failed(reason: String)

    // Whether the same bits come out.
    /// Products of libraries differ, which matters only to some runs.
    case otherProducts(library: String, kernel: String, here: String, hereKernel: String)
    case otherLibrary(there: String, here: String)
    /// `choice`: nil where the trouble itself says what helps.
    case kernelTrouble(String, choice: KernelChoice?)
    case otherKernel(there: String, here: String, choice: KernelChoice)
    case otherFingerprint(library: String, kernel: String)
    /// Its portable products do not match the definition.
    case missedReference(precision: String, level: String)

    // Who reaches whom.
    /// A port cannot be listened on.
    case portTaken(Port, reason: String)
    /// `losesLarge`: small packets pass.
    case unreachable(Door, reasons: String, losesLarge: Bool)
    /// No run needs it: the coordinator dials nobody.
    case notDialled(reasons: String)
    case noCommonAddress
    case notMeasured(to: String, reason: String)
    case loopback(String)

    // What it is like.
    case clock(ahead: Int)
    case noProc
    case notWritable(path: String, reason: String)
    case littleSpace(bytes: UInt64, path: String)
    case slowDisk(seconds: Double, path: String)
    case fewDescriptors(Int)
    case littleMemory(bytes: UInt64)
    case addressLimit(String)
    case threadLimit(String)
    case swapping
    case strictMemory
    case busy(load: Double, cores: Int)

    /// By which a script knows it.
    package var name: String {
        switch self {
        case .noHello(let trouble, _): trouble.name
        case .otherBuild: "other_build"
        case .failed: "failed"
        case .otherProducts: "other_products"
        case .otherLibrary: "other_library"
        case .kernelTrouble: "kernel_missing"
        case .otherKernel: "other_kernel"
        case .otherFingerprint: "other_fingerprint"
        case .missedReference: "missed_reference"
        case .portTaken: "port_taken"
        case .unreachable(_, _, let losesLarge): losesLarge ? "large_packets_lost" : "unreachable"
        case .notDialled: "not_dialled"
        case .noCommonAddress: "no_common_address"
        case .notMeasured: "not_measured"
        case .loopback: "loopback"
        case .clock: "clock"
        case .noProc: "no_proc"
        case .notWritable: "not_writable"
        case .littleSpace: "little_space"
        case .slowDisk: "slow_disk"
        case .fewDescriptors: "few_descriptors"
        case .littleMemory: "little_memory"
        case .addressLimit: "address_limit"
        case .threadLimit: "thread_limit"
        case .swapping: "swapping"
        case .strictMemory: "strict_memory"
        case .busy: "busy"
        }
    }
}

extension AgentLink.HelloTrouble {
    /// By which a script knows it.
    var name: String {
        switch self {
        case .ended(.exited(255), _): "not_reached"
        case .ended(.exited(126), _), .ended(.exited(127), _): "not_installed"
        case .ended(.exited(64), _): "no_agent"
        case .ended: "ended"
        case .silent: "no_answer"
        case .build: "other_build"
        }
    }
}

/// How an agent is started on a host, for sentences whose command the user types.
package struct StartWay: Sendable, Equatable {
    /// The remote shell with its options, and the host as it is given to it.
    let shell: String
    let target: String
    /// Where the binary is on the hosts, if the user has said so.
    let binary: String?
    /// This binary, and its build.
    let executable: String
    let build: String

    package init(shell: String, target: String, binary: String?, executable: String, build: String) {
        self.shell = shell
        self.target = target
        self.binary = binary
        self.executable = executable
        self.build = build
    }

    /// A command that reaches the host in the same way, and only asks lockstep there for its version.
    var typed: String {
        let words = [binary ?? executable, "--version"]
        let there = ShellText.line(words)
        // The shell here reads the words once, and that of the host once more.
        return "\(shell) \(target) \(there == words.joined(separator: " ") ? there : ShellText.word(there))"
    }
}
