import Files
import Foundation

/// This build's version.
public enum Version {
    public static let text = "0.1.0"
}

/// What made a run: the `provenance:` section of its `config.yaml`. It is a record for people, and decides one thing only: a run that exists must
/// find the same data, by its digest, wherever it lies.
public struct Provenance: Sendable, Equatable {
    public var version: String
    /// Commit of the sources, or "unknown".
    public var commit: String
    /// SHA-256 of the data.
    public var data: String
    public var cpu: String
    /// Kernel family of the products, as loaded.
    public var kernel: String
    public var host: String
    /// Operating system and its kernel.
    public var system: String
    public var command: String
    /// UTC, ISO 8601.
    public var created: String

    public init(commit: String, dataIdentity: String, kernel: String, commandLine: [String], now: Date = Date()) {
        self.init(
            version: Version.text, commit: commit, data: dataIdentity, cpu: Self.cpuModel(), kernel: kernel, host: Self.hostName(),
            system: Self.systemName(), command: ShellText.line(commandLine), created: Self.timestamp(now)
        )
    }

    init(
        version: String, commit: String, data: String, cpu: String, kernel: String, host: String, system: String, command: String,
        created: String
    ) {
        self.version = version
        self.commit = commit
        self.data = data
        self.cpu = cpu
        self.kernel = kernel
        self.host = host
        self.system = system
        self.command = command
        self.created = created
    }

    /// Keys and texts, in the order they are written.
    var entries: [(key: String, value: String)] {
        [
            ("version", version), ("commit", commit), ("data", data), ("cpu", cpu), ("kernel", kernel), ("host", host),
            ("system", system),
            ("command", command), ("created", created),
        ]
    }

    /// Model name of the first processor, from /proc/cpuinfo; "unknown" where that does not say.
    public static func cpuModel() -> String {
        // A thousand cores take more than the usual limit.
        cpuModel(in: SystemText.text("/proc/cpuinfo", limit: nil))
    }

    /// The model name in a text like /proc/cpuinfo's.
    public static func cpuModel(in text: String) -> String { SystemText.value(of: "model name", in: text) ?? "unknown" }

    /// This host's own name.
    public static func hostName() -> String {
        let name = SystemText.line("/proc/sys/kernel/hostname")
        return name.isEmpty ? "unknown" : name
    }

    /// Operating system, its version and the kernel's.
    public static func systemName() -> String {
        let kernel = SystemText.line("/proc/sys/kernel/osrelease")
        return ProcessInfo.processInfo.operatingSystemVersionString + (kernel.isEmpty ? "" : ", kernel \(kernel)")
    }

    static func timestamp(_ date: Date) -> String {
        date.formatted(.iso8601)
    }
}
