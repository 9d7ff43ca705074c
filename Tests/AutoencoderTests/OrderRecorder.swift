import Synchronization

/// Keeps the tensors that a sink completed, in order.
final class OrderRecorder: Sendable {
    private let list = Mutex<[Int]>([])

    func append(_ tensor: Int) { list.withLock { $0.append(tensor) } }
    var tensors: [Int] { list.withLock { $0 } }
}
