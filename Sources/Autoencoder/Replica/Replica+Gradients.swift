import Kernels
import Layers

/// One phase of a lane, segment by segment: all but the last end with moments that are to be known of all shards
/// (`PhaseDescription.moments`), the last delivers the gradients.
///
/// A phase is a pure function of (state, step, phase, shard): it needs nothing of the phases before (invariant 5 of design
/// section 5). What a lane has computed is used again while neither the step nor the networks below it change: one encoder pass
/// serves both halves of the regularization phase, and a phase that is run again.
extension Replica {
    /// Runs a segment on the lane's thread, one of a `ThreadTeam`; the last delivers tensor by tensor as each is ready.
    ///
    /// - Parameter isAbandoned: called between layers, on the lane's thread. Where the phase is no longer wanted, the rest of it is skipped, and what
    ///   was delivered is invalid.
    public func run(
        segment: Int, ofPhase phase: Int, lane: Lane, sink: any GradientSink,
        isAbandoned: @escaping @Sendable () -> Bool = { false }
    ) {
        precondition(lane.step == step, "the lane holds the images of another step")
        precondition(FloatingPoint.modesAreSet, "a compute thread has the modes of IEEE 754")
        let description = phases[phase]
        let pass = LanePass(
            program: model.programs[phase], phase: description, versions: versions, firstTensors: states[phase].firstTensors,
            sink: sink, isAbandoned: isAbandoned)
        if segment == 0 {
            lane.reports = lane.shards.enumerated().map { block, shard in
                ShardReport(
                    shard: shard, phase: phase, rows: lane.batches[description.stream]![block].rows.count,
                    figures: [Double](repeating: 0, count: description.figures.count))
            }
        }
        lane.run(pass.program.segments[segment], of: pass)
    }

    /// The lane's shards' own part of the moments that end a segment: `PhaseDescription.moments` doubles each, in order.
    public func moments(ofSegment segment: Int, phase: Int, lane: Lane) -> [Slice<Double>] {
        lane.shards.indices.map { lane.moments(model.programs[phase].segments[segment], block: $0 - lane.shards.lowerBound) }
    }

    /// Gives a lane the moments of all shards, added in the order of the shards.
    public func receive(_ totals: Slice<Double>, ofSegment segment: Int, phase: Int, lane: Lane) {
        lane.receive(totals, of: model.programs[phase].segments[segment])
    }

    /// The reports of a phase that has run, on the lane's shards in order.
    public func reports(of lane: Lane) -> [ShardReport] { lane.reports }

    /// Adds the moments of all shards, in the order of the shards.
    public static func total(_ shards: [Slice<Double>]) -> Slice<Double> {
        let total = Storage<Double>(count: shards.first?.count ?? 0).all
        for shard in shards { for index in total.indices { total[index] += shard[index] } }
        return total
    }

    /// Runs all segments of a phase on a lane that holds all shards.
    ///
    /// - Returns: one report a shard, in order.
    public func computeGradients(phase: Int, lane: Lane, sink: any GradientSink) -> [ShardReport] {
        let exchanges = phases[phase].moments.count
        precondition(exchanges == 0 || lane.shards.count == settings.shards, "other lanes hold shards of the minibatch")
        for segment in 0...exchanges {
            run(segment: segment, ofPhase: phase, lane: lane, sink: sink)
            guard segment < exchanges else { break }
            receive(Self.total(moments(ofSegment: segment, phase: phase, lane: lane)), ofSegment: segment, phase: phase, lane: lane)
        }
        return reports(of: lane)
    }
}
