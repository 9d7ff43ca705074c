import Files
import Foundation
import Testing

struct ShellTextTests {
    @Test("a shell reads back the words that were quoted, and plain ones stay as they are")
    func readBack() throws {
        let words = ["lockstep", "resume", "runs/my run", "it's", "", "a\"b", "$HOME", "--set", "data.train=10", "ü\n"]
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "printf '%s|' " + ShellText.line(words)]
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let read = try output.fileHandleForReading.readToEnd().map { String(decoding: $0, as: UTF8.self) }
        shell.waitUntilExit()
        #expect(read == words.map { $0 + "|" }.joined())
        #expect(ShellText.word("runs/first@300") == "runs/first@300")
        #expect(ShellText.line(["lockstep", "my run"]) == "lockstep 'my run'")
    }
}
