import Chaos
import Foundation
import Glibc
import Processes
import Testing
import Waiting

@Suite("What chaos does to a connection")
struct LinkFaultTests {
    @Test("both ends are found, by who listens where")
    func found() throws {
        let pair = try Pair()
        #expect(pair.link(of: pair.dialled).remotePort == pair.port)
        #expect(pair.link(of: pair.accepted).localPort == pair.port)
        let table = LinkTable(of: [getpid()], coordinatorPort: pair.port)
        #expect(table.otherEnd(of: pair.link(of: pair.dialled)) == pair.link(of: pair.accepted))
        #expect(table.isControl(pair.link(of: pair.dialled)) && table.isControl(pair.link(of: pair.accepted)))
        #expect(!LinkTable(of: [getpid()], coordinatorPort: 1).isControl(pair.link(of: pair.dialled)))
    }

    @Test("what is lost one way arrives once the loss is over, and the other way nothing is lost")
    func loses() throws {
        let pair = try Pair()
        let link = pair.link(of: pair.accepted)
        #expect(LinkFault.loses(longerThan: 0).befall(link) == .done)
        pair.write([1, 2, 3], to: pair.dialled)
        pair.write([4], to: pair.accepted)
        #expect(pair.read(pair.dialled, within: 5) == [4])
        #expect(pair.read(pair.accepted, within: 0.4) == nil)
        LinkFault.loses(longerThan: 0).mend(link)
        #expect(pair.read(pair.accepted, within: 30) == [1, 2, 3])
    }

    @Test("small packets pass where large ones are lost")
    func losesLarge() throws {
        let pair = try Pair()
        let link = pair.link(of: pair.accepted)
        // `Descriptor.write` sends 512 bytes at a time.
        #expect(LinkFault.loses(longerThan: 300).befall(link) == .done)
        pair.write([UInt8](repeating: 7, count: 100), to: pair.dialled)
        #expect(pair.read(pair.accepted, within: 5)?.count == 100)
        pair.write([UInt8](repeating: 8, count: 5000), to: pair.dialled)
        #expect(pair.read(pair.accepted, within: 0.4) == nil)
        LinkFault.loses(longerThan: 300).mend(link)
        #expect(pair.read(pair.accepted, within: 30)?.first == 8)
    }

    @Test("a slow connection takes the time that its rate says")
    func slow() throws {
        let pair = try Pair()
        #expect(LinkFault.slow(bytesPerSecond: 200_000).befall(pair.link(of: pair.dialled)) == .done)
        let began = MonotonicTime.now
        pair.write([UInt8](repeating: 1, count: 300_000), to: pair.dialled)
        var left = 300_000
        while left > 0, let piece = pair.read(pair.accepted, within: 10) { left -= piece.count }
        #expect(left == 0)
        #expect((MonotonicTime.now - began).seconds > 0.7)
    }

    @Test("a cut ends both directions, and what is gone cannot befall any more")
    func cut() throws {
        let pair = try Pair()
        let link = pair.link(of: pair.dialled)
        #expect(LinkFault.cut.befall(link) == .done)
        #expect(pair.read(pair.accepted, within: 5) == [])
        close(pair.dialled)
        #expect(LinkFault.cut.befall(link) == .gone)
    }

    @Test("whole frames are swallowed and the part of the next one stays; inside a frame nothing is")
    func swallowsFrames() throws {
        let pair = try Pair()
        // The reader is stopped meanwhile, so it must not be this process.
        let reader = try ChildProcess(
            executable: "/bin/sleep", arguments: ["60"], environment: [:], descriptors: [(pair.accepted, 5)])
        defer {
            reader.send(signal: SIGKILL)
            _ = Children.end(of: reader.pid, .atMost(.seconds(10)))
        }
        let table = LinkTable(of: [reader.pid], coordinatorPort: pair.port)
        let link = try #require(table.links.first { $0.localPort == pair.port })
        #expect(LinkFault.swallowsFrames.befall(link) == .gone, "nothing was on its way")
        pair.write(
            Self.controlFrame(payload: 10) + Self.gradientFrame(payload: 70) + Self.controlFrame(payload: 9).prefix(45),
            to: pair.dialled)
        #expect(LinkFault.swallowsFrames.befall(link) == .done)
        #expect(pair.read(pair.accepted, within: 5) == Array(Self.controlFrame(payload: 9).prefix(45)))
        pair.write([1, 2, 3, 4, 5, 6], to: pair.dialled)
        #expect(LinkFault.swallowsFrames.befall(link) == .gone, "these bytes begin no frame")
        #expect(LinkFault.swallowsBytes(4).befall(link) == .done)
        #expect(pair.read(pair.accepted, within: 5) == [5, 6])
    }

    private static func controlFrame(payload: Int) -> [UInt8] {
        var bytes = Array("LKST".utf8) + [UInt8](repeating: 0, count: 36 + payload)
        bytes[28] = UInt8(payload)
        return bytes
    }

    /// With two pieces and one tensor's statistics.
    private static func gradientFrame(payload: Int) -> [UInt8] {
        var bytes = Array("LKSG".utf8) + [UInt8](repeating: 0, count: 60 + 2 * 4 + 16 + payload)
        (bytes[6], bytes[40], bytes[48]) = (2, 1, UInt8(payload))
        return bytes
    }
}

/// A TCP connection of this process with itself.
private final class Pair {
    let dialled: Int32
    let accepted: Int32
    let port: Int

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        dialled = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let (listener_, dialled_) = (listener, dialled)
        let connected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener_, $0, size) == 0 && listen(listener_, 1) == 0 && getsockname(listener_, $0, &size) == 0
                    && connect(dialled_, $0, size) == 0
            }
        }
        try #require(connected)
        accepted = accept(listener, nil, nil)
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(accepted >= 0)
    }

    deinit {
        close(dialled)
        close(accepted)
    }

    func link(of descriptor: Int32) -> LinkTable.Link {
        LinkTable(of: [getpid()], coordinatorPort: port).links.first { $0.descriptor == descriptor }!
    }

    func write(_ bytes: [UInt8], to descriptor: Int32) {
        #expect(bytes.withUnsafeBytes { Descriptor.write($0, to: descriptor, .atMost(.seconds(10))) })
    }

    /// The next bytes; nil where none come.
    func read(_ descriptor: Int32, within seconds: Double) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = bytes.withUnsafeMutableBytes { Descriptor.read(descriptor, into: $0, .atMost(.seconds(seconds))) }
        return count.map { Array(bytes[..<$0]) }
    }
}
