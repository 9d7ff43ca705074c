import ArgumentParser
import Foundation
import Launch
import Waiting

/// Hosts and how they are reached: what `launch` and `doctor` share.
struct HostOptions: ParsableArguments {
    @Option(name: [.customShort("H"), .customLong("hosts")], help: "Hosts and their workers: a:4,user@b:2,[fd00::11]:4.")
    var hosts: String?

    @Option(help: "Hosts in a file: a line each, host:4 or host slots=4; # begins a remark.", completion: .file())
    var hostfile: String?

    @Option(help: "The remote shell and its options, for example \"ssh -p 2222 -i key\".")
    var ssh = "ssh"

    @Option(help: "Where lockstep is on the hosts (default: where this one is, or else on their PATH).")
    var binary: String?

    @Option(help: "Port of the coordinator, on this host; 0: any.")
    var port = 0

    @Option(help: "Port for gradients: of a host's first worker, the others follow; server topology: of this host. 0: any.")
    var dataPort = 0

    func validate() throws {
        if hosts != nil, hostfile != nil { throw ValidationError("give the hosts with -H or with --hostfile, not with both") }
        for (flag, value) in [("--port", port), ("--data-port", dataPort)] where !(0...65535).contains(value) {
            throw ValidationError("\(flag) is \(value); ports are 0 to 65535")
        }
    }

    /// The hosts that were named; empty where none was.
    func entries() throws -> [HostEntry] {
        do {
            if let hosts { return try HostList.parse(hosts) }
            if let hostfile { return try HostList.parse(file: hostfile) }
            return []
        } catch let error as HostListError {
            throw UsageError(error.description)
        }
    }

    func starter() throws -> AgentStarter {
        do {
            return AgentStarter(shell: try RemoteShell(ssh), binary: binary)
        } catch let error as LocalError {
            throw UsageError(error.description)
        }
    }
}
