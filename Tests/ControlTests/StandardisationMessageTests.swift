import Control
import Foundation
import Kernels
import Testing

@Suite struct StandardisationMessageTests {
    @Test("the pixels' statistics arrive as they were sent")
    func roundTrip() throws {
        let sent = try #require(Standardisation(mean: [0, 0.25, 1], std: [1, 0.5, 0.125]))
        #expect(Standardisation(bytes: sent.bytes) == sent)
        // A part of other data begins elsewhere.
        let within = (Data([1, 2, 3]) + sent.bytes).dropFirst(3)
        #expect(Standardisation(bytes: within) == sent)
    }

    @Test("a message that is cut, or holds what no statistics are, is none")
    func damaged() throws {
        let sent = try #require(Standardisation(mean: [0.5], std: [0.5])).bytes
        for cut in 1..<sent.count { #expect(Standardisation(bytes: sent.prefix(cut)) == nil) }
        #expect(Standardisation(bytes: Data(repeating: 0xFF, count: 8)) == nil)
    }
}
