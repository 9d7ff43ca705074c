import Foundation
import Runs
import Testing

@Suite("Text for a person", .timeLimit(.minutes(15)))
struct LossyOutputTests {
    private func drain(_ descriptor: Int32) -> String {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while case let count = read(descriptor, &piece, piece.count), count > 0 { bytes += piece[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("A reader that has stopped holds nobody up; once it reads again it is told how many lines it missed")
    func stopped() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LossyOutput(descriptor: ends[1])
        let line = String(repeating: "x", count: 999) + "\n"
        // A pipe holds 64 KB: later lines are dropped, and only the first of them is waited for.
        for _ in 0..<1_000 { output.write(line) }
        let first = drain(ends[0])
        #expect(first.utf8.count <= 1 << 16)
        let whole = first.utf8.count / 1_000
        output.write("again\n")
        #expect(drain(ends[0]) == "(lines lost here because nobody read them: \(1_000 - whole))\nagain\n")
        output.write("and again\n")
        #expect(drain(ends[0]) == "and again\n")
    }

    @Test("Redrawn text is no line that could be missed")
    func redrawn() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LossyOutput(descriptor: ends[1])
        for _ in 0..<100 { output.write("\r" + String(repeating: "x", count: 999)) }
        _ = drain(ends[0])
        output.write("again\n")
        #expect(drain(ends[0]) == "again\n")
    }
}
