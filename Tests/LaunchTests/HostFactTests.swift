import Launch
import Processes
import Testing

/// A check's finding is a fact with a name that scripts can rely on; the sentence is made from it.
@Suite struct HostFactTests {
    private static let way = StartWay(shell: "ssh", target: "me@beta", binary: nil, executable: "/opt/lockstep", build: "b1")

    private static let facts: [HostFact] = [
        .noHello(.ended(.exited(255), .init(error: "no route", greeting: "")), way),
        .noHello(.ended(.exited(127), .init(error: "", greeting: "")), way),
        .noHello(.ended(.exited(64), .init(error: "", greeting: "")), way),
        .noHello(.ended(.killed(signal: 9), .init(error: "", greeting: "hello")), way),
        .noHello(.silent(.seconds(20), .init(error: "", greeting: "")), way), .otherBuild(there: "b2", here: "b1"),
        .failed(reason: "broken"), .otherProducts(library: "l", kernel: "k", here: "m", hereKernel: "n"),
        .otherLibrary(there: "l", here: "m"), .kernelTrouble("no zen", choice: .noneInCommon),
        .otherKernel(there: "zen", here: "haswell", choice: .best("haswell")), .otherFingerprint(library: "l", kernel: "k"),
        .missedReference(precision: "fp32", level: "avx2"), .portTaken(.control, reason: "taken"),
        .unreachable(.coordinator(isFixed: false), reasons: "10.0.0.1:7000 (refused)", losesLarge: false),
        .unreachable(.worker(host: "gamma", isFixed: true), reasons: "10.0.0.3:7001 (no answer)", losesLarge: true),
        .notDialled(reasons: "10.0.0.2:1"), .noCommonAddress, .notMeasured(to: "gamma", reason: "late"), .loopback("down"),
        .clock(ahead: -90), .noProc, .notWritable(path: "/runs", reason: "read-only"),
        .littleSpace(bytes: 5_000_000, path: "/runs"),
        .slowDisk(seconds: 2, path: "/runs"), .fewDescriptors(64), .littleMemory(bytes: 700_000_000), .addressLimit("2 GB"),
        .threadLimit("90 threads"), .swapping, .strictMemory, .busy(load: 3.25, cores: 2),
    ]

    @Test("every fact has a name of its own, and a sentence that names the host")
    func names() {
        let names = Self.facts.map(\.name)
        #expect(Set(names).count == names.count, "\(names)")
        #expect(names.allSatisfy { $0.allSatisfy { $0 == "_" || $0.isLowercase } })
        for fact in Self.facts {
            let finding = Finding(.problem, host: "beta", fact)
            #expect(finding.sentence.contains("beta") && finding.description.hasPrefix("PROBLEM  "), "\(finding.sentence)")
        }
    }

    @Test("the numbers of a fact stand in its sentence, and what helps with it")
    func sentences() {
        func words(_ fact: HostFact, host: String = "beta") -> String { Finding(.note, host: host, fact).sentence }
        #expect(words(.clock(ahead: -90)) == "beta: its clock is 90 s behind; logs will not fit together")
        #expect(
            words(.littleSpace(bytes: 5_000_000, path: "/runs"), host: "(here)").hasPrefix("this host: 5.0 MB are free in /runs;"))
        #expect(words(.unreachable(.coordinator(isFixed: false), reasons: "x", losesLarge: false)).hasSuffix("; --port fixes it"))
        #expect(words(.unreachable(.coordinator(isFixed: true), reasons: "x", losesLarge: false)).hasSuffix("firewall"))
        #expect(words(.unreachable(.summation(isFixed: true), reasons: "x", losesLarge: true)).contains("smaller MTU"))
        #expect(
            words(.otherKernel(there: "zen", here: "haswell", choice: .kept("haswell"))).contains(
                "a run keeps its family (haswell)"))
    }
}
