import CKernels
import COpenBLAS

/// A family of OpenBLAS's matrix kernels. The family is chosen when the library loads, by `OPENBLAS_CORETYPE`.
///
/// These are the families that Debian's OpenBLAS 0.3.21 holds and that differ in speed or bits on CPUs in use, and one that every 64-bit Arm CPU can
/// run. The library's own choice is poor on CPUs it does not know, hence `detect`.
public enum KernelFamily: String, Sendable, CaseIterable {
    case nehalem, sandybridge, haswell, zen, skylakex, cooperlake, armv8

    /// The best family for this CPU by its features, whatever its name.
    public static func detect() -> KernelFamily {
        for family in [skylakex, haswell, sandybridge, armv8] where family.isSupported { return family }
        return nehalem
    }

    /// Whether this CPU has the instructions.
    public var isSupported: Bool {
        let features = ck_cpu_features()
        return features & requirement.bits == requirement.bits
    }

    /// The environment that gives a process the named family and one BLAS thread; for `execve`, before the library loads.
    ///
    /// `name` is "auto" or a family. Throws `KernelFamilyError` for another name, and for a family the CPU cannot run.
    public static func environment(for name: String) throws -> [String: String] {
        let family = try named(name)
        return ["OPENBLAS_CORETYPE": family.coreType, "OPENBLAS_NUM_THREADS": "1"]
    }

    /// The family of this name; "auto" is `detect()`.
    public static func named(_ name: String) throws -> KernelFamily {
        if name == "auto" { return detect() }
        guard let family = KernelFamily(rawValue: name.lowercased()) else { throw KernelFamilyError.unknown(name: name) }
        guard family.isSupported else { throw KernelFamilyError.unsupported(family) }
        return family
    }

    /// The family in use, as the library names it, in lower case: "skylakex".
    public static var loaded: String { String(cString: openblas_get_corename()).lowercased() }

    /// The library and its version: "OpenBLAS 0.3.21". What follows in its own description is the family and how it was built.
    public static var libraryVersion: String {
        String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
    }

    var coreType: String {
        switch self {
        case .nehalem: "NEHALEM"
        case .sandybridge: "SANDYBRIDGE"
        case .haswell: "HASWELL"
        case .zen: "ZEN"
        case .skylakex: "SKYLAKEX"
        case .cooperlake: "COOPERLAKE"
        case .armv8: "ARMV8"
        }
    }

    var requirement: (bits: UInt32, sentence: String) {
        switch self {
        case .nehalem: (UInt32(CK_CPU_SSE42), "SSE 4.2")
        case .sandybridge: (UInt32(CK_CPU_AVX), "AVX")
        case .haswell, .zen: (UInt32(CK_CPU_AVX2_FMA), "AVX2 and FMA")
        case .skylakex: (UInt32(CK_CPU_AVX512), "AVX-512 (F, DQ, BW, VL)")
        case .cooperlake: (UInt32(CK_CPU_AVX512 | CK_CPU_AVX512_BF16), "AVX-512 with bfloat16")
        case .armv8: (UInt32(CK_CPU_ARM64), "AArch64")
        }
    }
}

public enum KernelFamilyError: Error, CustomStringConvertible, Sendable, Equatable {
    case unknown(name: String)
    case unsupported(KernelFamily)

    public var description: String {
        switch self {
        case .unknown(let name):
            let names = KernelFamily.allCases.map(\.rawValue).joined(separator: ", ")
            return "There is no kernel family \"\(name)\": choose auto (here \(KernelFamily.detect().rawValue)) or one of \(names)."
        case .unsupported(let family):
            return "The kernel family \(family.rawValue) needs \(family.requirement.sentence), which this CPU does not have: "
                + "choose auto (here \(KernelFamily.detect().rawValue)) or an older family."
        }
    }
}
