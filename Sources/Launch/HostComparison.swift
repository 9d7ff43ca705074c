/// Whether hosts can compute the same bits: a pure function of what their agents say.
enum HostComparison {
    /// - Parameters:
    ///   - runKernel: the family that an existing run keeps; nil where it can still be chosen.
    ///   - allowMixedKernels: products may differ.
    ///   - isForLibrary: whether the run uses the library's products; if not, differences between them are only worth a note.
    static func findings(
        here: AgentHello, hosts: [(name: String, hello: AgentHello)], runKernel: String? = nil, allowMixedKernels: Bool = false,
        isForLibrary: Bool = true
    ) -> [Finding] {
        let all = [here] + hosts.map(\.hello)
        let common = here.kernels.first { kernel in all.allSatisfy { $0.kernels.contains(kernel) } }
        func choice() -> HostFact.KernelChoice {
            if let runKernel { return .kept(runKernel) }
            guard let common else { return .noneInCommon }
            // Where that family is in use here already, the other CPU has it and the library there does not.
            return common == here.kernel ? .libraryLacks : .best(common)
        }
        var findings: [Finding] = []
        for (name, hello) in hosts {
            func problem(_ fact: HostFact) { findings.append(Finding(.problem, host: name, fact)) }
            if hello.build != here.build {
                problem(.otherBuild(there: hello.build, here: here.build))
            } else if allowMixedKernels {
                // Nothing else needs to be equal.
            } else if !isForLibrary {
                if hello.library != here.library || hello.kernel != here.kernel || hello.fingerprint != here.fingerprint {
                    findings.append(
                        Finding(
                            .note, host: name,
                            .otherProducts(
                                library: hello.library, kernel: hello.kernel, here: here.library, hereKernel: here.kernel)))
                }
            } else if hello.library != here.library {
                problem(.otherLibrary(there: hello.library, here: here.library))
            } else if let trouble = hello.kernelTrouble {
                // The best family of all CPUs is in use here: it is the library there that lacks it, and the trouble says so.
                let isOfLibrary = runKernel == nil && common == here.kernel
                problem(.kernelTrouble(trouble, choice: isOfLibrary ? nil : choice()))
            } else if hello.kernel != here.kernel {
                problem(.otherKernel(there: hello.kernel, here: here.kernel, choice: choice()))
            } else if hello.fingerprint != here.fingerprint {
                problem(.otherFingerprint(library: here.library, kernel: here.kernel))
            }
            let drift = hello.time - here.time
            if abs(drift) > 60 { findings.append(Finding(.note, host: name, .clock(ahead: Int(max(-1e9, min(1e9, drift)))))) }
        }
        return findings
    }
}
