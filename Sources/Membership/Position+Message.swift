import Foundation
import Wire

extension ControlPosition {
    /// A position as it travels; `order` is what it answers, 0 where nobody asked.
    package init(_ position: Position, order: UInt64) {
        self.init()
        self.order = order
        applied = position.applied
        chain = position.chain
        fresh = position.isFresh
        holdsSum = position.holdsSum
        copied = position.copied
        digest = Data(position.digest)
    }
}

extension Position {
    init(_ message: ControlPosition) {
        self.init(
            applied: message.applied, chain: message.chain, isFresh: message.fresh, holdsSum: message.holdsSum,
            copied: message.copied, digest: Array(message.digest))
    }
}

extension HeldState {
    /// The state a hello speaks of; nil where the worker has none.
    init?(_ hello: ControlHello) {
        guard !hello.run.isEmpty else { return nil }
        self.init(run: hello.run, generation: hello.generation, leader: hello.leader, position: Position(hello.position))
    }
}
