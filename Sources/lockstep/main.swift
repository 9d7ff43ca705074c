import ArgumentParser
import Cluster
import Foundation
import Kernels
import Waiting

ProcessStart.prepare()
// The kernel family is chosen before the BLAS library is used: this may execute the program anew.
KernelChoice.enter()
DescriptorLimit.raise()
MemoryRoom.prepare()
FloatingPoint.setModes()
if let sentence = CommandSlip.sentence(Array(CommandLine.arguments.dropFirst())) {
    Output.complain(sentence)
    exit(64)
}
Lockstep.main()
