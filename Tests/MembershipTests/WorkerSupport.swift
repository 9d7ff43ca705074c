import Membership

/// A worker's machine whose clock the test sets.
struct WorkerBench {
    var machine: WorkerMachine
    var now: Duration = .zero

    init(connect: Duration = .seconds(60)) { machine = WorkerMachine(patience: .init(connect: connect)) }

    mutating func begin() -> [WorkerDirective] { machine.begin(at: now) }

    mutating func send(_ event: WorkerEvent) -> [WorkerDirective] { machine.handle(event, at: now) }

    /// Lets time pass in ticks of a second; `hearing` the coordinator all along.
    mutating func pass(_ duration: Duration, hearing: Bool = false) -> [WorkerDirective] {
        var directives: [WorkerDirective] = []
        let end = now + duration
        while now < end {
            now += .seconds(1)
            if hearing { directives += send(.heard) }
            directives += send(.tick)
        }
        return directives
    }

    /// A worker with a fresh replica that has said it is ready.
    mutating func prepared(generation: UInt64 = 1, orphan: Duration = .seconds(60)) -> [WorkerDirective] {
        begin() + send(.connected) + send(.welcome(run: "mine", generation: generation, orphanPatience: orphan))
            + send(.prepared(.fresh(), phases: phases))
    }

    /// A member of view 1 with its links.
    mutating func running(generation: UInt64 = 1, orphan: Duration = .seconds(60)) -> [WorkerDirective] {
        prepared(generation: generation, orphan: orphan) + send(.view(number: 1, applied: 0)) + send(.linksUp(view: 1))
    }

    /// A member that was halted after so many phases, and has said so.
    mutating func standing(at applied: UInt64) -> [WorkerDirective] {
        running() + send(.halt(order: 1)) + send(.stood(order: 1, .at(applied)))
    }
}

extension [WorkerDirective] {
    var ending: WorkerEnding? { compactMap { if case .exit(let ending) = $0 { ending } else { nil } }.first }

    /// Without the lines of the log.
    var deeds: [WorkerDirective] { filter { if case .log = $0 { false } else { true } } }

    /// What the hello says of the state this worker holds.
    var held: [HeldState?] { compactMap { if case .sayHello(let held) = $0 { .some(held) } else { nil } } }

    var words: String { compactMap { if case .log(_, let text) = $0 { text } else { nil } }.joined(separator: "\n") }
}
