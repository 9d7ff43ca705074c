import ArgumentParser
import Foundation
import Kernels
import Launch
import Processes

/// `lockstep agent`: what `launch` and `doctor` start on a host; not for people.
struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Serve a launcher over standard input and output.", shouldDisplay: false)

    @Option(help: "BLAS kernel family to answer with.")
    var kernel: String?

    func run() throws {
        try finishing {
            // A family that this CPU has not is an answer, not an end.
            var trouble: String?
            // Without one it is the best of this CPU, whatever a shell profile's OPENBLAS_CORETYPE says: a family that the CPU has not
            // would be a trap.
            do { try KernelChoice.require(kernel ?? KernelFamily.detect().rawValue) } catch { trouble = "\(error)" }
            // Its products tell this host's kernel.
            try MemoryRoom.require(threads: 1, for: "an agent's look at this host")
            return try Agent(build: Build.name, kernelTrouble: trouble).run()
        }
    }
}
