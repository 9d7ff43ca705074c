import Launch
import Runs
import Waiting
import Wire

extension FuzzTarget {
    /// HOST:PORT of `--listen`, `--coordinator` and `--advertise`.
    static let hostPort = FuzzTarget("host-port", refusing: [WrongHostPort.self]) {
        ["192.168.1.10:7700", "[fd00::10]:7700", ":7700", "node-3"].map { Seed("example-\($0.utf8.count)", Array($0.utf8)) }
    } body: { input in
        let address = try HostPort(parsing: String(decoding: input, as: UTF8.self), defaultPort: 7700)
        try claim((0...65535).contains(address.port), "a port is one")
        try claim(!address.host.isEmpty, "a host has a name")
        let again = try must("an address that was printed can be typed") { try HostPort(parsing: address.description) }
        try claim(again.description == address.description, "an address printed again is the same")
        try claim(again.isLoopback == address.isLoopback, "an address printed again is as near")
    }

    /// Durations of flags and of `checkpoint.every_seconds`.
    static let duration = FuzzTarget("duration", refusing: [DurationText.Malformed.self]) {
        ["500ms", "5s", "1.5m", "10m", "2h"].map { Seed("example-\($0)", Array($0.utf8)) }
    } body: { input in
        let duration = try DurationText.parse(String(decoding: input, as: UTF8.self))
        try claim(duration >= .zero && duration <= DurationText.maximum, "a duration within its limit")
        let text = DurationText.text(duration)
        let again = try must("a duration that was printed can be typed") { try DurationText.parse(text) }
        let lost = duration - again
        try claim(lost >= .zero && lost < .milliseconds(1), "a duration printed again is the same to the millisecond")
        try claim(DurationText.text(again) == text, "a duration printed twice is the same text")
    }

    /// A file of hosts for `launch` and `doctor`.
    static let hostFile = FuzzTarget("host-file", refusing: [HostListError.self]) {
        [Seed("example", Array("# racks\n192.168.1.11:4\nme@node-2 slots=3\n[fd00::10]:2 # three\n\n".utf8))]
    } body: { input in
        let entries = try HostList.parse(lines: String(decoding: input, as: UTF8.self), name: "the file")
        try claim(!entries.isEmpty && entries.count <= HostList.most, "some hosts, and not too many")
        for entry in entries {
            try claim((1...HostList.most).contains(entry.slots), "a number of workers within its limit")
            // It becomes a word of the remote shell's command line.
            try claim(!entry.target.hasPrefix("-") && !entry.target.contains(where: \.isWhitespace), "a host is no option")
        }
        let text = entries.map { "\($0.user.map { $0 + "@" } ?? "")[\($0.host)]:\($0.slots)" }.joined(separator: ",")
        let again = try must("hosts that were read can be typed") { try HostList.parse(text) }
        try claim(again == entries, "hosts typed again are the same")
    }
}
