import Kernels
import Layers

extension Replica {
    /// Computes one phase's gradient of a lane's shards and delivers it to `sink`, tensor by tensor as it is ready.
    ///
    /// A pure function of (state, step, phase, shard): it needs nothing of the phases before (invariant 5 of design
    /// section 5). What a lane has computed is used again while neither the step nor the networks below it change: one encoder pass
    /// serves both halves of the regularization phase, and a phase that is run again. Runs on the lane's thread, which
    /// must flush denormals (`ThreadTeam`).
    ///
    /// - Returns: one report a shard, in order.
    public func computeGradients(phase: Int, lane: Lane, sink: any GradientSink) -> [ShardReport] {
        precondition(lane.step == step, "the lane holds the images of another step")
        precondition(FloatingPoint.modesAreSet, "a compute thread must flush denormals")
        let program = model.programs[phase]
        lane.forward(program, versions: versions)
        let reports = lane.terms(program, phases[phase])
        lane.backward(program, firstTensors: states[phase].firstTensors, to: sink)
        return reports
    }
}
