/// The implementation of matrix products, which decides the bits of all that follows.
public enum ProductEngine: String, Sendable, Hashable, CaseIterable {
    /// Our own kernels: the same bits on every CPU (`PortableProducts`).
    case portable
    /// A library whose bits depend on its version and on the family of its kernels (`Products`, `KernelFamily`).
    case openblas

    /// Whether this CPU is fast with it: our kernels need the fused multiply-adds that every level has except the baseline, which emulates them one
    /// by one.
    public var isSupported: Bool { self == .openblas || InstructionLevel.allCases.contains { $0 > .baseline && $0.isAvailable } }

    /// The kernels that this process uses: our own by level, as "avx2"; a library's by family, as "haswell".
    public var kernels: String { self == .portable ? "\(InstructionLevel.current)" : KernelFamily.loaded }
}
