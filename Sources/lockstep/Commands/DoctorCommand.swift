import ArgumentParser
import Foundation
import Launch
import Runs

/// `lockstep doctor`: what would stop a run, or slow it down.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at this machine, or with -H at hosts and all links between them.",
        discussion: """
            Names, addresses both ways, ports, bandwidth between every pair, kernel fingerprint, free disk, fsync time.
            Exit status: 0 when a run would begin, 1 when something would stop it.
            Example:  lockstep doctor -H alpha,beta
            """)

    @OptionGroup var hosts: HostOptions

    @Option(help: "BLAS kernel family to compare (default: the best one of this machine).")
    var kernel: String?

    @Option(name: .customLong("run"), help: "Folder that a run would be written to, for its disk (default: runs).")
    var folder = "runs"

    @Flag(help: "Leave out the bandwidth, which takes about a second a pair.")
    var quick = false

    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        try finishing {
            let entries = try hosts.entries()
            let starter = try hosts.starter()
            if !entries.isEmpty { Output.note("looking at this machine and \(entries.count) host\(entries.count == 1 ? "" : "s")") }
            let report = try Doctor(
                hosts: entries, starter: starter,
                options: Doctor.Options(
                    build: Build.name, kernel: kernel, port: hosts.port, dataPort: hosts.dataPort, folder: folder,
                    streamSeconds: quick ? 0 : 0.5)
            ).examine()
            Output.result(json ? report.json.text : report.text)
            return report.hasProblems ? 1 : 0
        }
    }
}
