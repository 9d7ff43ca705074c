import Autoencoder
import SwiftProtobuf
import Testing
import Wire
import Worker

/// What a worker reports of the time it waited for the images of its next step.
@Suite struct ImagesWaitTests {
    @Test("the wait counts from a step to the images of the next one, and at the first step of a view not at all")
    func counts() {
        var wait = ImagesWait()
        wait.idle(.seconds(9))
        #expect(wait.atStep(ofView: 1) == .zero)
        wait.stepDone(ofView: 1)
        #expect(wait.atStep(ofView: 1) == .zero)
        wait.idle(.milliseconds(3))
        // A copy of the state was made between the two, which is no wait.
        wait.idle(.milliseconds(4))
        #expect(wait.atStep(ofView: 1) == .milliseconds(7))
        wait.stepDone(ofView: 1)
        wait.idle(.milliseconds(5))
        #expect(wait.atStep(ofView: 1) == .milliseconds(5))
        // The step broke off, and another view followed.
        wait.idle(.seconds(2))
        #expect(wait.atStep(ofView: 2) == .zero)
        wait.stepDone(ofView: 2)
        wait.idle(.milliseconds(1))
        #expect(wait.atStep(ofView: 2) == .milliseconds(1))
    }

    @Test("a step's report has it over the wire's own bytes, and an older worker's, which lacks it, says zero")
    func report() throws {
        var sent = ControlStepReport.with {
            $0.step = 3
            $0.repeats = 2
            $0.images = 0.625
        }
        for images in [0.625, 0] {
            sent.images = images
            guard case .stepReport(let received) = try ControlMessage(ControlMessage.stepReport(sent).frame(view: 1)).checked()
            else {
                Issue.record("another message came")
                return
            }
            #expect(received == sent && received.images == images && received.repeats == 2)
        }
        // Zero takes no bytes, as in a version that does not know the field.
        let older = ControlStepReport.with {
            $0.step = 3
            $0.repeats = 2
        }
        sent.images = 0
        #expect(try ControlMessage.stepReport(sent).frame(view: 1) == ControlMessage.stepReport(older).frame(view: 1))
        for impossible in [Double.nan, .infinity, 1e13] {
            sent.images = impossible
            #expect(throws: ImpossibleField.self) { try ControlMessage.stepReport(sent).checked() }
        }
    }
}
