import Foundation
import Processes
import Runs
import Wire

extension HostFact {
    /// The sentence for the user, and what to do.
    ///
    /// - Parameter host: the host it is about, as typed.
    func words(_ host: String) -> String {
        let who = host == HostRoster.hereName ? "this host" : host
        switch self {
        case .noHello(let trouble, let way): return trouble.words(host, way)
        case .otherBuild(let there, let here):
            return "\(host) has build \(there), this host \(here); install the same binary there, or say with --binary where it is"
        case .failed(let reason): return "\(who): \(reason)"
        case .otherProducts(let library, let kernel, let here, let hereKernel):
            return
                "\(host) has \(library) with the kernel family \(kernel), this host \(here) with \(hereKernel); runs with --engine openblas would differ, those with the portable engine do not"
        case .otherLibrary(let there, let here):
            return "\(host) has \(there), this host \(here); install the same version there: its products would differ"
        case .kernelTrouble(let trouble, let choice): return "\(host): \(trouble)\(choice.map { " Here \($0.words)" } ?? "")"
        case .otherKernel(let there, let here, let choice):
            return "\(host) computes with the kernel family \(there), this host with \(here); \(choice.words)"
        case .otherFingerprint(let library, let kernel):
            return
                "\(host): its products differ from this host's though both have \(library) and \(kernel); install the same package there, or accept it with --allow-mixed-kernels (the weights then depend on who computed what)"
        case .missedReference(let precision, let level):
            return
                "\(who): its portable products in \(precision) come to another digest than every other machine's (level \(level)); set LOCKSTEP_LEVEL=baseline there to see whether the instructions err, and leave the host out"
        case .portTaken(.control, let reason): return "\(who): \(reason); end what holds the port, or take another --port"
        case .portTaken(.data, let reason): return "\(who): \(reason); end what holds the port, or take another --data-port"
        case .portTaken(.either, let reason):
            return "\(who): \(reason); end what holds the port, or take another --port or --data-port"
        case .unreachable(let door, let reasons, let losesLarge):
            return door.words(who, reasons, losesLarge ? PacketSize.wayOn : nil)
        case .notDialled(let reasons):
            return "this host cannot reach \(host) at \(reasons): no run needs that, as the coordinator dials nobody"
        case .noCommonAddress:
            return
                "\(host) has no one address by which all the others reach it; put the hosts on one network, or take --topology server"
        case .notMeasured(let to, let reason): return "the link from \(host) to \(to) could not be measured: \(reason)"
        case .loopback(let trouble): return "\(who): \(trouble)"
        case .clock(let ahead):
            return "\(host): its clock is \(abs(ahead)) s \(ahead > 0 ? "ahead" : "behind"); logs will not fit together"
        case .noProc: return "\(who): /proc is not mounted, so the kernel family cannot be chosen; mount it"
        case .notWritable(let path, let reason):
            return "\(who): nothing can be written in \(path) (\(reason)); give the run a folder elsewhere with --run"
        case .littleSpace(let bytes, let path):
            return "\(who): \(Sizes.text(bytes)) are free in \(path); checkpoints take some hundred MB each"
        case .slowDisk(let seconds, let path):
            return "\(who): a small write took \(Sizes.milliseconds(seconds)) to be safe in \(path); checkpoints will be slow"
        case .fewDescriptors(let count): return "\(who): a process may open only \(count) files; raise it with ulimit -n"
        case .littleMemory(let bytes):
            return "\(who): \(Sizes.text(bytes)) of memory are available; a worker of the usual models takes about 500 MB"
        case .addressLimit(let limit):
            return "\(who): \(limit); a worker names about 800 MB, more with many threads: raise it where a run says so"
        case .threadLimit(let limit):
            return "\(who): \(limit); a worker takes about 10 threads and a coordinator 12: raise it where a run says so"
        case .swapping: return "\(who): more than half of its swap is in use; a worker that is swapped out counts as dead"
        case .strictMemory:
            return "\(who): memory is handed out strictly (vm.overcommit_memory is 2); a worker may be refused what it asks for"
        case .busy(let load, let cores):
            return
                "\(who): something else computes there: the load is \(String(format: "%.1f", load)) on \(cores) core\(cores == 1 ? "" : "s")"
        }
    }
}

extension HostFact.Door {
    /// - Parameter other: what helps where the usual advice does not.
    fileprivate func words(_ who: String, _ reasons: String, _ other: String?) -> String {
        switch self {
        case .coordinator(let isFixed):
            "\(who) cannot reach this host at \(reasons): \(other ?? "open the port in this host's firewall\(isFixed ? "" : "; --port fixes it")")"
        case .summation(let isFixed):
            "\(who) cannot reach this host's summation server at \(reasons): \(other ?? "open the port in this host's firewall\(isFixed ? "" : "; --data-port fixes it")")"
        case .worker(let host, let isFixed):
            "\(who) cannot reach \(host) at \(reasons): \(other ?? "open the port in \(host)'s firewall\(isFixed ? "" : " (--data-port fixes it)")"), or take --topology server, which needs connections to this host alone"
        case .here(let isFixed):
            "\(who) cannot reach this host at \(reasons): \(other ?? "a firewall? Open the port there\(isFixed ? "" : "; --port fixes it")")"
        case .other(let host, let isFixed):
            "\(who) cannot reach \(host) at \(reasons): \(other ?? "a firewall? Open the port there\(isFixed ? "" : ", which --data-port fixes")"), or take --topology server, which does not need it"
        }
    }
}

extension HostFact.KernelChoice {
    fileprivate var words: String {
        switch self {
        case .kept(let family): "a run keeps its family (\(family)): leave that host out, or begin a new run"
        case .noneInCommon: "these hosts have no family in common; leave that one out"
        case .libraryLacks:
            "its library does not offer the family that is asked for; install the package of this host there, or leave it out"
        case .best(let family): "--kernel \(family) is the best that all these hosts have"
        }
    }
}

extension AgentLink.HelloTrouble {
    /// Why an agent sent no hello, and what to do.
    fileprivate func words(_ host: String, _ way: StartWay) -> String {
        switch self {
        case .ended(.exited(255), let said):
            "\(host) cannot be reached\(said.words); `\(way.shell) \(way.target) true` must work without a question (name, sshd, key, known host; --ssh gives options)"
        case .ended(.exited(126), let said), .ended(.exited(127), let said):
            "\(host) cannot start lockstep\(said.words); install this binary there as \(way.binary ?? "\(way.executable) or on the PATH") with its libraries, or say with --binary where it is"
        case .ended(.exited(64), let said):
            "\(host) has a lockstep that knows no agent\(said.words); install this host's build there (\(way.build))"
        case .ended(let ending, let said):
            "\(host): the command that reaches it ended (\(ending)) before lockstep there spoke\(said.isNothing ? " and said nothing" : "")\(said.words); it was that of `\(way.typed)`, which must print a version"
        case .silent(let patience, let said):
            "\(host) did not answer within \(patience.components.seconds) s\(said.words); its shell, or what that starts first (~/.bashrc), may wait for something: try `\(way.typed)`, which must print a version and end"
        case .build(let other): HostFact.otherBuild(there: other, here: way.build).words(host)
        }
    }
}

extension AgentLink.HelloTrouble.Said {
    fileprivate var isNothing: Bool { error.isEmpty && greeting.isEmpty }

    /// What came in place of the hello: the error, or else the text that a shell printed.
    fileprivate var words: String {
        if !error.isEmpty { return ": \(error)" }
        return greeting.isEmpty ? "" : "; there came \"\(greeting)\""
    }
}
