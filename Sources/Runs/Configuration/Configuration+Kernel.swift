import Kernels

extension Configuration {
    /// What made the bits, for a run's records: the family of the library's kernels, or that there is none.
    public var kernelInUse: String { engine == .portable ? engine.rawValue : kernel }
}
