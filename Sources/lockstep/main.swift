import ArgumentParser
import Cluster
import Kernels
import Waiting

ProcessStart.prepare()
// The kernel family is chosen before the BLAS library is used: this may execute the program anew.
KernelChoice.enter()
DescriptorLimit.raise()
MemoryRoom.prepare()
FloatingPoint.setModes()
Lockstep.main()
