/// Who computes the products of matrices, and so decides the bits of all that follows.
public enum ProductEngine: String, Sendable, Hashable, CaseIterable {
    /// Our own kernels: the same bits on every CPU (`PortableProducts`).
    case portable
    /// A library whose bits are those of one version and one family of its kernels (`Products`, `KernelFamily`).
    case openblas

    /// Whether this CPU computes with it at speed: our kernels want the fused multiply-adds of every level but the baseline, which computes
    /// their bits one by one.
    public var isSupported: Bool { self == .openblas || InstructionLevel.allCases.contains { $0 > .baseline && $0.isAvailable } }

    /// Which of its kernels this process computes with: our own by level, "avx2", a library's by family, "haswell".
    public var kernels: String { self == .portable ? "\(InstructionLevel.current)" : KernelFamily.loaded }
}
