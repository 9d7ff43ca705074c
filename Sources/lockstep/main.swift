import ArgumentParser
import Cluster
import Kernels

// The kernel family is chosen before the BLAS library is used: this may execute the program anew.
KernelChoice.enter()
FloatingPoint.setModes()
Lockstep.main()
