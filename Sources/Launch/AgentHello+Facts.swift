import Control
import Files
import Foundation
import Glibc
import Kernels
import Processes
import Runs

extension AgentHello {
    /// The hello of this process.
    static func here(build: String, kernelTrouble: String?) -> AgentHello {
        let environment = ProcessInfo.processInfo.environment
        let supported = KernelFamily.allCases.filter(\.isSupported).map(\.rawValue)
        let best = KernelFamily.detect().rawValue
        let network = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        let boot = SystemText.line("/proc/sys/kernel/random/boot_id")
        return AgentHello(
            build: build, library: KernelFamily.libraryVersion, kernel: KernelFamily.loaded,
            kernels: [best] + supported.reversed().filter { $0 != best }, kernelTrouble: kernelTrouble,
            fingerprint: fingerprint(), executable: Executable.path, hostName: Provenance.hostName(),
            cores: MachineLimits.here.cores,
            machine: (boot.isEmpty ? "unknown \(getpid())" : boot) + (network.map { " \($0)" } ?? ""),
            addresses: Interfaces.addresses(),
            caller: environment["SSH_CONNECTION"]?.split(separator: " ").first.map { plain(String($0)) },
            time: Date().timeIntervalSince1970)
    }

    /// Digest of products in the layers of the usual models, at the rows of a shard: hosts whose products differ usually differ
    /// here. A run compares its own shapes when its workers join.
    private static func fingerprint() -> String {
        let widths = [(784, 1000), (1000, 1000), (1000, 2), (2, 1000), (1000, 784), (1000, 10), (200, 100)]
        let shapes = [8, 25].flatMap { rows in
            widths.map { Fingerprint.Shape(rows: rows, inputs: $0.0, outputs: $0.1) }
        }
        return String(Fingerprint.probe(shapes: shapes), radix: 16)
    }

    private static func plain(_ address: String) -> String { address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address }
}
