import Autoencoder
import Foundation
import SwiftProtobuf
import Testing
import Wire

/// The samples of a `samples` prior, sent to a worker that has no files.
@Suite struct PriorSamplesMessageTests {
    @Test("the most samples there may be fit a welcome beside everything else, and more are refused before they are looked at")
    func limits() throws {
        #expect(CodeSamples.mostValues * 4 == Limits.priorSamples)
        #expect(Limits.payload(of: .welcome) >= Limits.priorSamples + Limits.configuration)
        func welcome(_ bytes: Int) throws -> ControlMessage {
            try ControlMessage.welcome(ControlWelcome.with { $0.priorSamples = Data(count: bytes) }).checked()
        }
        _ = try welcome(Limits.priorSamples)
        let error = #expect(throws: ImpossibleField.self) { try welcome(Limits.priorSamples + 4) }
        #expect(error?.field == "samples of the prior")
    }

    @Test("samples arrive as they were sent")
    func roundTrip() throws {
        let sent = try CodeSamples([0, 1.5, -2, 3e-4, 5, 6], dimensions: 3)
        let message = ControlWelcome.with { $0.priorSamples = Data(sent.bytes) }
        let arrived = try ControlWelcome(serializedBytes: message.serializedBytes() as [UInt8])
        let values = try #require(CodeSamples.values(ofBytes: arrived.priorSamples))
        #expect(try CodeSamples(values, dimensions: 3).digest == sent.digest)
        #expect(arrived == message && arrived != ControlWelcome())
    }
}
