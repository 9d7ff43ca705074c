import Membership
import Testing
import Wire

@Suite struct WorkerCoreTests {
    /// A worker's core that is connected, welcomed and prepared; what it sent at last.
    private struct Worker {
        var core: WorkerCore
        private(set) var sent: [ControlMessage] = []

        init() {
            core = WorkerCore(.init(hello: ControlHello(), coordinator: "the coordinator", patience: .init()))
            _ = core.begin(at: .zero)
        }

        mutating func handle(_ inputs: WorkerCore.Input...) {
            sent = []
            for input in inputs {
                for act in core.handle(input, at: .zero) {
                    if case .send(let message, _) = act { sent.append(message) }
                }
            }
        }

        /// Greets a coordinator of this generation, and says ready with what the engine holds.
        mutating func greet(generation: UInt64, _ position: Position) {
            var welcome = ControlWelcome()
            (welcome.run, welcome.generation, welcome.orphanSeconds) = ("mine", generation, 60)
            handle(
                .connected, .message(.welcome(welcome), view: 0), .admitted,
                .engine(.prepared(position, phases: phases, fingerprint: [1], port: 1)))
        }

        /// The engine has done this step and tells of its phases and of itself.
        mutating func does(_ step: UInt64) {
            for phase in 0..<phases {
                var part = ControlPhaseReport()
                part.applied = step * phases + phase
                handle(.engine(.contributed(part)))
            }
            var report = ControlStepReport()
            report.step = step
            handle(.engine(.report(report, view: 1)))
        }

        var steps: [UInt64] { sent.compactMap { if case .stepReport(let report) = $0 { report.step } else { nil } } }
        var parts: [UInt64] { sent.compactMap { if case .phaseReport(let report) = $0 { report.applied } else { nil } } }
    }

    @Test("another coordinator is told the steps of late again, but none of a state that was lost when the run went back")
    func reports() {
        var worker = Worker()
        worker.greet(generation: 1, .fresh())
        for step in 0..<6 as Range<UInt64> { worker.does(step) }
        worker.handle(.disconnected(reason: "it is gone"), .engine(.stood(order: 0, .at(18))))
        worker.greet(generation: 2, .at(18))
        #expect(worker.steps == [0, 1, 2, 3, 4, 5] && worker.parts == Array(0..<18))
        // All who were further are lost: this worker takes on the state after phase 13, in the fifth step.
        worker.handle(.engine(.stood(order: 3, .at(13))))
        worker.handle(.disconnected(reason: "it is gone"), .engine(.stood(order: 0, .at(13))))
        worker.greet(generation: 3, .at(13))
        #expect(worker.steps == [0, 1, 2, 3])
        // Its part of the phase where it stands may be in the others' sum already.
        #expect(worker.parts == Array(0...13))
    }
}
