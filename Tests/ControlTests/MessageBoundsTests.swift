import Autoencoder
import Control
import Runs
import Testing
import Wire

/// The wire knows no model and no run folder; its bounds are those of both all the same.
@Suite struct MessageBoundsTests {
    @Test("a generation that a peer names leaves room for as many in the folder, and a step has as many streams as a model can")
    func bounds() {
        #expect(MessageBounds.generation == Plausible.count / 2)
        #expect(Int(MessageBounds.streams) == Autoencoder.Stream.allCases.count)
    }
}
