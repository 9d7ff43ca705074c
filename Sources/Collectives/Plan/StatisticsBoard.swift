import Kernels
import Synchronization

/// One `TensorStatistics` a tensor: compute threads merge their own before a bucket is ready, and after the exchange it
/// holds the reduced ones. Any thread.
public final class StatisticsBoard: Sendable {
    private let values: Mutex<[TensorStatistics]>
    public let count: Int

    public init(tensors: Int) {
        values = Mutex([TensorStatistics](repeating: TensorStatistics(), count: tensors))
        count = tensors
    }

    public func merge(_ statistics: TensorStatistics, tensor: Int) {
        values.withLock { $0[tensor].merge(statistics) }
    }

    public subscript(tensor: Int) -> TensorStatistics {
        get { values.withLock { $0[tensor] } }
        set { values.withLock { $0[tensor] = newValue } }
    }

    public var all: [TensorStatistics] { values.withLock { $0 } }

    public func reset() {
        values.withLock { values in
            for tensor in values.indices { values[tensor] = TensorStatistics() }
        }
    }
}
