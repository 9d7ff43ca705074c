import Autoencoder
import Control
import Runs
import Testing
import Wire

/// The wire's code knows neither models nor run folders, but its bounds must equal theirs.
@Suite struct MessageBoundsTests {
    @Test("a generation that a peer names leaves room for as many in the folder, and a step has as many streams as a model can")
    func bounds() {
        #expect(MessageBounds.generation == Plausible.count / 2)
        #expect(Int(MessageBounds.streams) == Autoencoder.Stream.allCases.count)
    }
}
