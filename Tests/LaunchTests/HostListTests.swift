import Foundation
import Launch
import Runs
import Testing

/// What a person writes after -H and into a host file.
struct HostListTests {
    @Test(
        "hosts with users, workers and IPv6 addresses",
        arguments: [
            ("a", [HostEntry(host: "a")]),
            ("a:4,b:2", [HostEntry(host: "a", slots: 4), HostEntry(host: "b", slots: 2)]),
            (
                "kim@node-1.example:3, 10.0.0.2",
                [
                    HostEntry(user: "kim", host: "node-1.example", slots: 3), HostEntry(host: "10.0.0.2"),
                ]
            ),
            ("[fd00::11]:4,kim@[fd00::12]", [HostEntry(host: "fd00::11", slots: 4), HostEntry(user: "kim", host: "fd00::12")]),
        ])
    func parses(text: String, entries: [HostEntry]) throws { #expect(try HostList.parse(text) == entries) }

    @Test("a host file: remarks, empty lines, both ways to write the workers")
    func file() throws {
        let text = "# the room\n\na:4\nkim@b slots=2   # the old one\n[fd00::11]\n   c\n"
        #expect(
            try HostList.parse(lines: text, name: "hosts") == [
                HostEntry(host: "a", slots: 4), HostEntry(user: "kim", host: "b", slots: 2), HostEntry(host: "fd00::11"),
                HostEntry(host: "c"),
            ])
    }

    @Test("a host file of another system names the same hosts, and its lines have the same numbers", arguments: ["\r\n", "\r"])
    func otherLineEnds(end: String) throws {
        let file = FileManager.default.temporaryDirectory.path + "/lockstep-hosts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try "\u{FEFF}a:4\(end)b slots=2\(end)".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try HostList.parse(file: file) == [HostEntry(host: "a", slots: 4), HostEntry(host: "b", slots: 2)])
        try "a\(end)\(end)b:0\(end)".write(toFile: file, atomically: true, encoding: .utf8)
        #expect { try HostList.parse(file: file) } throws: { "\($0)".contains("line 3") }
    }

    @Test(
        "what is no list of hosts is told with the right form",
        arguments: [
            ("", "a host is missing"), ("a,,b", "a host is missing"), (":4", "a host is missing"), ("@a", "is no host"),
            ("a:0", "a number from 1 to 256"), ("a:x", "a number from 1 to 256"), ("a:7700", "--ssh \"ssh -p 2222\""),
            ("a:257", "1 to 256"), ("fd00::11", "[fd00::11]:4"), ("[fd00::11:4", "closing bracket"),
            ("[fd00::11]4", "[fd00::11]:4"), ("[fe80::7:11]", "zone is missing"), ("kim@[fe80::7:11]:2", "[fe80::7:11%eth0]:4"),
            ("-oProxyCommand=x", "is no host"), ("-l@a", "is no host"), ("a b", "is no host"), ("a;b", "is no host"),
            ("a:1,b:1,a:2", "a:3"),
        ])
    func refuses(text: String, part: String) {
        #expect { try HostList.parse(text) } throws: { "\($0)".contains(part) }
    }

    @Test(
        "a wrong line is told with its number",
        arguments: [
            ("a\nb:0\n", "hosts, line 2"), ("a slot=4", "\"slot=4\" is not understood"), ("a:4 slots=4", "stands twice"),
            ("# nobody\n", "names no host"), ("a slots=many", "1 to 256"),
            ("a slots=1 slots=2", "stands twice"), ("a:4\n# b\na", "hosts, line 3: the host a stands twice"),
            ("[fd00::11]:2\n[fd00::11]", "[fd00::11]:3"), ("a\nb c", "hosts, line 2"), ("a\n\u{1b}[1m\n", "hosts, line 2"),
        ])
    func refusesLines(text: String, part: String) {
        #expect { try HostList.parse(lines: text, name: "hosts") } throws: { "\($0)".contains(part) }
    }

    @Test("a host file that is not there is named")
    func noFile() {
        #expect { try HostList.parse(file: "/nowhere/hosts") } throws: { "\($0)".contains("/nowhere/hosts") }
    }
}

struct TextTableTests {
    @Test("columns are as wide as their widest cell, numbers end together, no line ends in a space")
    func columns() {
        var table = TextTable(["host", "GB", "note"], right: [1])
        table.add(["a", "9", "fine"])
        table.add(["node-12", "128"])
        #expect(table.text == "host      GB  note\na          9  fine\nnode-12  128")
    }
}
