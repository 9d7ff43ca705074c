import ArgumentParser
import Cluster
import Glibc
import Kernels
import Waiting

// The kernel family is chosen before the BLAS library is used: this may execute the program anew.
KernelChoice.enter()
DescriptorLimit.raise()
FloatingPoint.setModes()
// A limit on file sizes (ulimit -f) is then an error of the write, told like that of a full disk, and not the end of the process.
signal(SIGXFSZ, SIG_IGN)
Lockstep.main()
