/// How long a worker that could go on with its next step has waited for that step's images.
///
/// The wait is counted only within a view: before a view's first step, the worker waits for the regrouping. What the worker does for others
/// between two steps (a copy of its state) is no wait.
package struct ImagesWait {
    /// The view of the last step that was finished; nil before there is one.
    private var view: UInt64?
    private var waited = Duration.zero

    package init() {}

    /// The worker had nothing to do for this long.
    package mutating func idle(_ time: Duration) { waited += time }

    /// The images of a step of this view are here.
    ///
    /// - Returns: how long the worker has waited for them since the step before; zero at the first step of a view.
    package func atStep(ofView view: UInt64) -> Duration { view == self.view ? waited : .zero }

    /// A step of this view is done: the wait for the next one begins.
    package mutating func stepDone(ofView view: UInt64) {
        self.view = view
        waited = .zero
    }
}
