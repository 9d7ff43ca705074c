import ArgumentParser
import Foundation
import Kernels
import Processes
import Waiting
import Wire

ProcessStart.prepare()
// Only in the first process: one that was executed anew would say it twice, and no user typed the options of a child.
if KernelChoice.isFirst {
    for sentence in RepeatedOptions.sentences(Array(CommandLine.arguments.dropFirst())) { Output.note(sentence.printable(8000)) }
}
// The kernel family is chosen before the BLAS library is used: this may execute the program anew.
KernelChoice.enter()
DescriptorLimit.raise()
MemoryRoom.prepare()
FloatingPoint.setModes()
if let level = ProcessInfo.processInfo.environment["LOCKSTEP_LEVEL"] {
    do { try InstructionLevel.select(named: level) } catch {
        Output.complain("\(error)")
        exit(64)
    }
}
if let sentence = CommandSlip.sentence(Array(CommandLine.arguments.dropFirst())) {
    Output.complain(sentence)
    exit(64)
}
Lockstep.main()
