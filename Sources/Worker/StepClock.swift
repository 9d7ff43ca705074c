/// Where the time of a step goes.
package struct StepClock {
    package var compute = Duration.zero
    package var wait = Duration.zero
    package var update = Duration.zero
    /// The time before the step: from the end of the step before to the arrival of this one's images.
    package let images: Duration

    package init(images: Duration = .zero) { self.images = images }
}
