/// How long a worker that could go on with its next step has waited for the images of it.
///
/// Counted within a view alone: at its first step the links are new, and what was waited for is the regrouping. What the worker does for others
/// between two steps (a copy of its state) is no wait.
package struct ImagesWait {
    /// The view of the last step that was finished; nil before there is one.
    private var view: UInt64?
    private var waited = Duration.zero

    package init() {}

    /// Nothing was there to do for so long.
    package mutating func idle(_ time: Duration) { waited += time }

    /// The images of a step of this view are here.
    ///
    /// - Returns: what was waited for them since the step before; nothing at the first step of a view.
    package func atStep(ofView view: UInt64) -> Duration { view == self.view ? waited : .zero }

    /// A step of this view is done: the wait for the next one begins.
    package mutating func stepDone(ofView view: UInt64) {
        self.view = view
        waited = .zero
    }
}
