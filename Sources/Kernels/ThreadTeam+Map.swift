import Synchronization

extension ThreadTeam {
    /// The results of `body(0)`…`body(count − 1)` in their order. Each free thread takes the next index. Of several errors one is thrown, once the
    /// calls under way are done.
    public func map<Result: Sendable>(_ count: Int, _ body: @Sendable (Int) throws -> Result) throws -> [Result] {
        let next = Atomic<Int>(0)
        let results = Mutex([Result?](repeating: nil, count: count))
        let failure = Mutex<(any Error)?>(nil)
        run { _ in
            while failure.withLock({ $0 == nil }) {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                do {
                    let result = try body(index)
                    results.withLock { $0[index] = result }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return results.withLock { $0.compactMap(\.self) }
    }
}
