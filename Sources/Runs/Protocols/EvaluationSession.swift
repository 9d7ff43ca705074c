import Evaluation
import Synchronization
import Waiting

/// How far an evaluation is.
public struct EvaluationProgress: Sendable, Equatable {
    /// The figure that is under way.
    public let name: String
    /// 0 to 1, of the whole.
    public let done: Double
    /// Time to the end at this pace; nil before there is one.
    public let remaining: Duration?

    /// One line of at most `width` characters.
    public func render(width: Int) -> String {
        let time = remaining.map { ", about \(NumberText.clock($0)) left" } ?? ""
        return String("evaluating \(Int(100 * done)) %\(time): \(name)".prefix(max(0, width)))
    }
}

/// Runs protocols one after the other, and can be asked for the end at any time by any thread: what is found by then is kept.
public final class EvaluationSession: Sendable {
    public let subject: EvaluationSubject
    /// The protocols that apply to the model and belong to this part.
    public let protocols: [any EvaluationProtocol]
    /// Those of all parts, by name.
    public let applicable: [String]
    /// Protocols that do not apply, and why, in the order of the table.
    public let lacking: [(name: String, lack: EvaluationLack)]
    private let total: Double
    private let show: @Sendable (EvaluationProgress) -> Void
    private let results = Mutex<[EvaluationResult]>([])
    private let stopping = Atomic<Bool>(false)
    private let pace: Mutex<(pace: Pace, done: Double)>
    private let ended = Latch()

    /// All work together counts as so many pieces for the pace.
    private static let pieces = 1e9

    /// - Parameter show: called with the progress, often, from several threads at once.
    public init(
        _ subject: EvaluationSubject, protocols wanted: [any EvaluationProtocol],
        show: @escaping @Sendable (EvaluationProgress) -> Void = { _ in }
    ) {
        self.subject = subject
        self.show = show
        var (own, lacking): ([any EvaluationProtocol], [(name: String, lack: EvaluationLack)]) = ([], [])
        for one in wanted {
            if let lack = one.lack(of: subject) { lacking.append((one.name, lack)) } else { own.append(one) }
        }
        let part = subject.options.part
        applicable = own.map(\.name)
        protocols = own.enumerated().filter { place, one in
            part.map { one.isDivided || place % $0.of == $0.number - 1 } ?? true
        }.map(\.element)
        self.lacking = lacking
        total = max(1, protocols.reduce(0) { $0 + $1.work(on: subject) })
        pace = Mutex((Pace(since: MonotonicTime.now), 0))
    }

    /// - Throws: errors of the data. An end that was asked for does not throw. What was found before is in `found`.
    public func run() throws {
        defer { ended.countDown() }
        var before = 0.0
        for one in protocols {
            if isStopping { return }
            let (start, share) = (before / total, one.work(on: subject) / total)
            before += one.work(on: subject)
            do {
                let result = try one.compute(subject) { [self] done in
                    if isStopping { throw EvaluationStopped() }
                    tell(one.name, start + share * (done.isNaN ? 0 : max(0, min(1, done))))
                }
                results.withLock { $0.append(result) }
            } catch is EvaluationStopped {
                return
            }
        }
    }

    /// Asks for the end: what is under way throws before its next piece.
    public func stop() { stopping.store(true, ordering: .releasing) }

    public var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Whether `run` has returned, or does so within the time.
    public func hasEnded(_ patience: Patience) -> Bool { ended.wait(patience) }

    /// What is found so far, and the names of what is not.
    public var found: (results: [EvaluationResult], missing: [String]) {
        let results = results.withLock { $0 }
        return (results, protocols.map(\.name).filter { name in !results.contains { $0.name == name } })
    }

    private func tell(_ name: String, _ share: Double) {
        let done = min(1, share)
        let remaining: Duration? = pace.withLock { state in
            let more = Int(Self.pieces * (done - state.done))
            if more > 0 {
                state.pace.add(more, at: MonotonicTime.now)
                state.done = done
            }
            let speed = state.pace.perSecond
            return speed > 0 ? .seconds((1 - done) * Self.pieces / speed) : nil
        }
        show(EvaluationProgress(name: name, done: done, remaining: remaining))
    }
}
