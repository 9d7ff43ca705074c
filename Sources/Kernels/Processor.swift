import CKernels

/// The floating-point modes of a thread: flush to zero, denormals are zero, round to nearest even.
///
/// A thread inherits them from the one that starts it, so `main` sets them first thing. Fixing them is part of "same bits".
public enum FloatingPoint {
    public static func setModes() { ck_set_floating_point_modes() }
    public static var modesAreSet: Bool { ck_floating_point_modes_are_set() != 0 }
}

/// The instruction sets the loops are compiled for. All give the same bits; the best one available is used.
public enum InstructionLevel: Int32, Sendable, CaseIterable, Comparable {
    case baseline = 0
    case avx2 = 1
    case avx512 = 2

    public var isAvailable: Bool { ck_level_available(rawValue) != 0 }
    public static var current: InstructionLevel { InstructionLevel(rawValue: ck_level())! }

    /// Uses this level from now on, in the whole process; for comparisons.
    public func select() {
        precondition(isAvailable, "This CPU does not have the instructions")
        ck_select_level(rawValue)
    }

    public static func < (a: InstructionLevel, b: InstructionLevel) -> Bool { a.rawValue < b.rawValue }
}
