import Files
import Foundation
import Testing

@Suite("Texts of the kernel")
struct SystemTextTests {
    @Test("A value is found by its whole name, with blanks before the colon or none, and the first one counts")
    func values() {
        let text =
            "VmPeak:\t  9 kB\nVm:\t1 kB\nState:\tS (sleeping)\nmodel name\t: a: b \nState:\tZ (zombie)\nempty:\nword: much kB\n"
        #expect(SystemText.value(of: "State", in: text) == "S (sleeping)")
        #expect(SystemText.value(of: "Vm", in: text) == "1 kB")
        #expect(SystemText.value(of: "model name", in: text) == "a: b")
        #expect(SystemText.value(of: "model", in: text) == nil)
        #expect(SystemText.value(of: "empty", in: text) == "")
        #expect(SystemText.value(of: "Threads", in: text) == nil)
        #expect(SystemText.bytes(of: "VmPeak", in: text) == 9 << 10)
        #expect(SystemText.bytes(of: "word", in: text) == nil)
        #expect(SystemText.fields(" a\tb  c\n") == ["a", "b", "c"])
    }

    @Test("A file without a size is read to its end, a missing one is empty, and so is one beyond the limit")
    func files() throws {
        #expect(SystemText.value(of: "Pid", in: SystemText.text("/proc/self/status")) == "\(getpid())")
        #expect(SystemText.line("/proc/sys/kernel/ostype") == "Linux")
        #expect(SystemText.text("/proc/none") == "")
        let path = FileManager.default.temporaryDirectory.path + "/lockstep-text-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try String(repeating: "x", count: 10_000).write(toFile: path, atomically: true, encoding: .utf8)
        #expect(SystemText.text(path).count == 10_000)
        #expect(SystemText.text(path, limit: 9_999) == "")
        #expect(SystemText.text(path, limit: nil).count == 10_000)
    }
}
