import ArgumentParser
import Foundation
import Kernels
import Launch
import Processes

/// `lockstep agent`: what `launch` and `doctor` start on a host; not for users.
struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Serve a launcher over standard input and output.", shouldDisplay: false)

    @Option(help: "BLAS kernel family to answer with.")
    var kernel: String?

    func run() throws {
        try finishing {
            // A family that this CPU lacks is reported, and does not end the agent.
            var trouble: String?
            // Without a given family, take this CPU's best, whatever a shell profile's OPENBLAS_CORETYPE says: a family that the CPU lacks
            // would trap.
            do { try KernelChoice.require(kernel ?? KernelFamily.detect().rawValue) } catch { trouble = "\(error)" }
            // Its products identify this host's kernel.
            try MemoryRoom.require(threads: 1, for: "an agent's look at this host")
            return try Agent(build: Build.name, kernelTrouble: trouble).run()
        }
    }
}
