import CKernels

/// The floating-point modes of a thread: gradual underflow and rounding to nearest even, the defaults of IEEE 754.
///
/// A thread inherits them from the one that starts it, so `main` sets them first: a library compiled for speed may have changed them. Fixing them is part of
/// "same bits".
public enum FloatingPoint {
    public static func setModes() { ck_set_floating_point_modes() }
    public static var modesAreSet: Bool { ck_floating_point_modes_are_set() != 0 }
}

/// The instruction sets the loops are compiled for: the first three on x86-64, the last on 64-bit Arm. All give the same bits; the best one
/// available is used.
public enum InstructionLevel: Int32, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case baseline = 0
    case avx2 = 1
    case avx512 = 2
    /// AVX-512 with an instruction for products of bf16.
    case avx512bf16 = 3
    case neon = 4

    /// The name by which `LOCKSTEP_LEVEL` asks for it.
    public var description: String {
        switch self {
        case .baseline: "baseline"
        case .avx2: "avx2"
        case .avx512: "avx512"
        case .avx512bf16: "avx512-bf16"
        case .neon: "neon"
        }
    }

    public var isAvailable: Bool { ck_level_available(rawValue) != 0 }
    public static var current: InstructionLevel { InstructionLevel(rawValue: ck_level())! }

    /// Uses this level from now on, in the whole process; for comparisons.
    public func select() {
        precondition(isAvailable, "This CPU does not have the instructions")
        ck_select_level(rawValue)
    }

    /// Uses the level of this name, "avx2", from now on; for tests. The environment variable `LOCKSTEP_LEVEL` names it.
    ///
    /// - Throws: `InstructionLevelError` for an unknown name, and for a level that the CPU does not have.
    public static func select(named name: String) throws {
        guard let level = allCases.first(where: { "\($0)" == name }), level.isAvailable else {
            throw InstructionLevelError(name: name)
        }
        level.select()
    }

    public static func < (a: InstructionLevel, b: InstructionLevel) -> Bool { a.rawValue < b.rawValue }
}

/// A level that does not exist, or that this CPU does not have.
public struct InstructionLevelError: Error, CustomStringConvertible, Sendable, Equatable {
    public let name: String

    public var description: String {
        let names = InstructionLevel.allCases.filter(\.isAvailable).map { "\($0)" }.joined(separator: ", ")
        return "LOCKSTEP_LEVEL is \"\(name)\", which is none of this CPU's levels: \(names)"
    }
}
