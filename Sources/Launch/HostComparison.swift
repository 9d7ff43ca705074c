/// Whether hosts can compute the same bits: a pure function of what their agents say.
enum HostComparison {
    /// - Parameters:
    ///   - runKernel: the family of a run that exists and keeps it; nil where it can still be chosen.
    ///   - allowMixedKernels: products may differ.
    ///   - isForLibrary: whether products of the library are wanted; otherwise differences between them are worth a note.
    static func findings(
        here: AgentHello, hosts: [(name: String, hello: AgentHello)], runKernel: String? = nil, allowMixedKernels: Bool = false,
        isForLibrary: Bool = true
    ) -> [Finding] {
        let all = [here] + hosts.map(\.hello)
        let common = here.kernels.first { kernel in all.allSatisfy { $0.kernels.contains(kernel) } }
        func choice() -> String {
            if let runKernel { return "a run keeps its family (\(runKernel)): leave that host out, or begin a new run" }
            guard let common else { return "these hosts have no family in common; leave that one out" }
            // Where that is in use already, a CPU has it and the library does not.
            return common == here.kernel
                ? "its library does not offer the family that is asked for; install the package of this host there, or leave it out"
                : "--kernel \(common) is the best that all these hosts have"
        }
        var findings: [Finding] = []
        for (name, hello) in hosts {
            func problem(_ sentence: String) { findings.append(Finding(.problem, host: name, sentence)) }
            if hello.build != here.build {
                problem(AgentStarter.otherBuild(name, has: hello.build, here: here.build))
            } else if allowMixedKernels {
                // Nothing further has to be equal.
            } else if !isForLibrary {
                if hello.library != here.library || hello.kernel != here.kernel || hello.fingerprint != here.fingerprint {
                    findings.append(
                        Finding(
                            .note, host: name,
                            "\(name) has \(hello.library) with the kernel family \(hello.kernel), this host \(here.library) with \(here.kernel); runs with --engine openblas would differ, those with the portable engine do not"
                        ))
                }
            } else if hello.library != here.library {
                problem(
                    "\(name) has \(hello.library), this host \(here.library); install the same version there: its products would differ"
                )
            } else if let trouble = hello.kernelTrouble {
                // The best family of all CPUs is in use here: it is the library there that lacks it, and the trouble says so.
                let isOfLibrary = runKernel == nil && common == here.kernel
                problem("\(name): \(trouble)\(isOfLibrary ? "" : " Here \(choice())")")
            } else if hello.kernel != here.kernel {
                problem("\(name) computes with the kernel family \(hello.kernel), this host with \(here.kernel); \(choice())")
            } else if hello.fingerprint != here.fingerprint {
                problem(
                    "\(name): its products differ from this host's though both have \(here.library) and \(here.kernel); install the same package there, or accept it with --allow-mixed-kernels (the weights then depend on who computed what)"
                )
            }
            let drift = hello.time - here.time
            if abs(drift) > 60 {
                findings.append(
                    Finding(
                        .note, host: name,
                        "\(name): its clock is \(Int(abs(drift))) s \(drift > 0 ? "ahead" : "behind"); logs will not fit together"))
            }
        }
        return findings
    }
}
