import Membership
import SwiftProtobuf
import Wire

/// As `RunRecorder` and `MetricsWriter`: what the records hold of the steps.
struct SimulatedRecorder {
    private var isOpen = false
    private var early: [(step: UInt64, view: UInt64)] = []
    /// The last step this coordinator has written down.
    private(set) var last: UInt64?
    /// It has passed over a step. Only a step that died with an earlier coordinator can be missing.
    private(set) var hasGap = false

    mutating func open(step: UInt64, on disk: inout SimulatedDisk) {
        guard !isOpen else { return }
        isOpen = true
        disk.metrics.removeAll { $0 > step }
        let waiting = early
        early = []
        for line in waiting { write(step: line.step, view: line.view, to: &disk) }
    }

    mutating func write(step: UInt64, view: UInt64, to disk: inout SimulatedDisk) {
        guard isOpen else { return early.append((step, view)) }
        guard step > disk.metrics.last ?? 0 else { return }
        if let last, step != last + 1 { hasGap = true }
        last = step
        disk.metrics.append(step)
        disk.lastView = view
    }
}

/// As `BatchFeeder`: batches, and what must follow them in order, through a thread of its own.
final class SimulatedFeeder {
    enum Order {
        case batch(step: UInt64, to: [SimulatedConnection], view: UInt64)
        case message(ControlMessage, to: SimulatedConnection, view: UInt64)
    }

    private unowned let coordinator: SimulatedCoordinator
    private var orders: [Order] = []
    private var isBusy = false
    private var over: UInt64 = 0

    init(_ coordinator: SimulatedCoordinator) { self.coordinator = coordinator }

    func put(_ order: Order) {
        orders.append(order)
        if !isBusy { next() }
    }

    func drop(through view: UInt64) { over = view }

    private func next() {
        guard !orders.isEmpty else {
            isBusy = false
            return
        }
        isBusy = true
        let order = orders.removeFirst()
        let world = coordinator.world
        let pace = world.delay(world.scenario.slowFeeder ? 5_000 : 50)
        world.after(pace, in: coordinator) {
            switch order {
            case .batch(let step, let to, let view): self.feed(step, to[...], view)
            case .message(let message, let connection, let view):
                if view > self.over { connection.sendToWorker(message, view: view) }
                self.next()
            }
        }
    }

    /// One member after the other; a view may end in between.
    private func feed(_ step: UInt64, _ to: ArraySlice<SimulatedConnection>, _ view: UInt64) {
        guard let first = to.first, view > over else {
            let machine = coordinator.machine
            if !to.isEmpty, view == machine.view, machine.stage == .running {
                coordinator.world.violate("a batch of view \(view), which goes on, was dropped")
            }
            return next()
        }
        first.sendToWorker(.batch(.with { $0.step = step }), view: view)
        let world = coordinator.world
        world.after(world.delay(world.scenario.slowFeeder ? 500 : 10), in: coordinator) { self.feed(step, to.dropFirst(), view) }
    }

    func dismantle() { orders = [] }
}
