import Control
import Testing
import Waiting
import Wire

struct HostPortTests {
    @Test(
        "Addresses as they are typed",
        arguments: [
            ("192.168.1.10:7700", "192.168.1.10", 7700), ("[fd00::10]:7700", "fd00::10", 7700), (":80", "0.0.0.0", 80),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", 1), ("node-3", "node-3", 9), ("[::1]", "::1", 9),
        ])
    func parsing(text: String, host: String, port: Int) throws {
        #expect(try HostPort(parsing: text, defaultPort: 9) == HostPort(host: host, port: port))
    }

    @Test(
        "What is no address is refused",
        arguments: ["", "a:b", "a:65536", "a:-1", "::1", "[::1", "[::1]7", "[[]:5", "a b:1", "a\n:1", "é:1", "\u{601}:1", "a]:1"])
    func refused(text: String) {
        #expect(throws: WrongHostPort.self) { try HostPort(parsing: text) }
    }

    @Test("What can be listened on and not dialled is known")
    func undialable() {
        for host in ["0.0.0.0", "::"] { #expect(HostPort(host: host, port: 7700).undialable != nil, "\(host)") }
        #expect(HostPort(host: "10.0.0.1", port: 0).undialable == "port 0")
        for host in ["10.0.0.1", "::1", "node-3"] { #expect(HostPort(host: host, port: 7700).undialable == nil, "\(host)") }
    }

    @Test("A port that cannot be is told as such", arguments: ["10.79.0.10:99999", "[fd00::1]:65536", "a:99999999999999999999"])
    func ports(text: String) {
        #expect { try HostPort(parsing: text) } throws: { "\($0)".contains("ports are 0 to 65535") }
    }

    @Test("Loopback is told by the addresses that a name stands for, not by the name")
    func loopback() {
        func here(_ host: String) -> HostPort? { HostPort(host: host, port: 7).onLoopback(.atMost(.seconds(10))) }
        #expect(
            here("localhost") == HostPort(host: "localhost", port: 7) && here("127.0.1.1") == HostPort(host: "127.0.1.1", port: 7))
        #expect(here("LOCALHOST").map { HostPort.isLoopback($0.host) && $0.host != "LOCALHOST" } == true)
        for host in ["10.0.0.1", "0.0.0.0", "::", "fd00::1", "127.example.invalid", "::ffff:127.a", "no-such-name.invalid"] {
            #expect(here(host) == nil, "\(host)")
        }
    }

    @Test("An address that is printed can be typed, IPv4 within IPv6 as IPv4")
    func printed() throws {
        #expect(HostPort(host: "::ffff:10.0.0.1", port: 7).description == "10.0.0.1:7")
        #expect(HostPort(host: "::ffff:1:10.0.0.1", port: 7).description == "[::ffff:1:10.0.0.1]:7")
    }
}
