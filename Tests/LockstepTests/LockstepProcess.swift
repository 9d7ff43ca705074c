import Foundation
import Testing

/// The built command, run as a person runs it: real processes, real sockets, real files.
struct LockstepProcess {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Beside the test bundle.
    static let path: String = {
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        return products.appendingPathComponent("lockstep").path
    }()

    /// A small model on few glyphs: every part of a real run in about a second.
    static let small =
        [
            "--recipe", "quickstart", "--set", "data.train=400", "--set", "data.validation=100", "--minibatch", "36", "--epochs",
            "2",
            "--set", "model.encoder=[48,32]", "--set", "model.decoder=[32,48]", "--set", "model.discriminator=[24]",
            "--set", "figures.every_epochs=0",
        ] + constantRates

    /// Rates that do not follow the run's length, so that runs of several lengths have their first steps in common.
    static let constantRates = ["reconstruction", "discriminator", "generator"].flatMap {
        ["--set", "phases.\($0).schedule={kind: constant}"]
    }

    let process = Process()
    private let output: URL
    private let errors: URL

    /// Starts it in a process group that `Foundation.Process` gives, output into files.
    ///
    /// - Parameter executable: another copy of the command.
    init(
        _ arguments: [String], environment: [String: String] = [:], in directory: String? = nil, executable: String = Self.path
    ) throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        output = place.appendingPathComponent("out")
        errors = place.appendingPathComponent("err")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory ?? place.path)
        var whole = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("LOCKSTEP_") && !$0.key.hasPrefix("OPENBLAS_") }
        // One process of many threads has no death to survive and nothing to exchange; a test of what `auto` takes asks for it.
        whole["LOCKSTEP_WORKERS"] = "2"
        whole.merge(environment) { $1 }
        process.environment = whole
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
    }

    /// Seconds that anything may take: machines are shared, and hundreds of tests run at once. What hangs is found all the same, by a test's limit
    /// of 15 minutes at the latest.
    private static let longest = 800.0

    /// Waits for the end; a process that outlives the deadline is ended and the test fails.
    func wait() throws -> Result {
        let deadline = Date().addingTimeInterval(Self.longest)
        while process.isRunning, Date() < deadline { usleep(10_000) }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            Issue.record("\(process.arguments ?? []) did not end within \(Self.longest) s: \(read(errors))")
        }
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: read(output), errors: read(errors))
    }

    var errorsSoFar: String { read(errors) }

    private func read(_ url: URL) -> String { String(decoding: (try? Data(contentsOf: url)) ?? Data(), as: UTF8.self) }

    static func run(_ arguments: [String], environment: [String: String] = [:], in directory: String? = nil) throws -> Result {
        try LockstepProcess(arguments, environment: environment, in: directory).wait()
    }

    /// The port the newest coordinator of a run listens on, once its log says so.
    static func port(of run: String) -> String? {
        var port: String?
        _ = eventually {
            let text = (try? String(contentsOfFile: run + "/coordinator.log", encoding: .utf8)) ?? ""
            port = text.range(of: "listening on 127.0.0.1:", options: .backwards).map {
                String(text[$0.upperBound...].prefix { $0.isNumber })
            }
            return port != nil
        }
        return port
    }

    /// Every process whose parent is this one, and theirs.
    func family() -> [Int32] {
        var all: [Int32] = []
        var generation = [process.processIdentifier]
        while !generation.isEmpty {
            generation = generation.flatMap(Self.children)
            all += generation
        }
        return all
    }

    static func children(of pid: Int32) -> [Int32] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    /// The letter of what a process does: "S" sleeps, "T" is stopped; nil: it is gone.
    static func state(of pid: Int32) -> String? {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        // The name before it may hold anything, a parenthesis too.
        return text.range(of: ") ", options: .backwards).map { String(text[$0.upperBound...].prefix(1)) }
    }

    /// The subcommand a process was started with.
    static func role(of pid: Int32) -> String? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return nil }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.count > 1 ? words[1] : nil
    }

    /// A connection to a port of this machine; the caller closes it.
    static func connect(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        return descriptor
    }

    /// The TCP ports of IPv4 that a process listens on.
    static func listeningPorts(of pid: Int32) -> [UInt16] {
        let folder = "/proc/\(pid)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sockets = Set(names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
        let table = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
            return fields[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
        }
    }

    /// The largest a process has been in memory, in MB.
    static func peakMegabytes(of pid: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }

    /// Waits until a condition holds; false after the deadline.
    static func eventually(_ condition: () -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(longest)
        while Date() < deadline {
            if condition() { return true }
            usleep(5_000)
        }
        return condition()
    }
}
