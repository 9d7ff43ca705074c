import Kernels

extension Configuration {
    /// What decides the bits of products while it trains.
    public var arithmetic: Arithmetic { Arithmetic(engine, precision) }

    /// What made the bits, for a run's records: the family of the library's kernels, or that there is none.
    public var kernelInUse: String { engine == .portable ? engine.rawValue : kernel }
}
