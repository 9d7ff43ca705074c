import Glibc
import Waiting
import Wire

/// Why a host could not be reached at an address, or could not listen.
public struct ProbeFailure: Error, CustomStringConvertible, Sendable, Equatable {
    /// "Connection refused", "no answer within 3 s".
    public let description: String
    /// The host is there, and the way to it carries only small messages.
    public var losesLarge = false
}

/// A connection to a `ProbeListener` that has shown the right nonce.
public final class ProbeLink: Sendable {
    /// This host's address as the listener sees it.
    public let seenAs: String
    /// The listener's own address, in digits, as dialled.
    public let peer: String
    private let socket: Socket

    /// Dials `address` and makes sure that the listener meant is there.
    ///
    /// - Throws: `ProbeFailure` after at most twice `limit`.
    public init(to address: HostPort, nonce: [UInt8], within limit: Duration = ProbeLink.usualLimit) throws(ProbeFailure) {
        precondition(nonce.count == ProbeWire.nonceBytes)
        let candidates: [SocketAddress]
        do throws(NameLookup.Failure) {
            candidates = try NameLookup().find([address], passive: false, limit: 4, .atMost(limit))
        } catch {
            guard case .unknown(let reason) = error else {
                throw ProbeFailure(description: "no name server answered within \(limit.seconds) s")
            }
            throw ProbeFailure(description: "the name cannot be resolved (\(reason))")
        }
        var failure = ProbeFailure(description: "no address is known")
        for candidate in candidates {
            do throws(ProbeFailure) {
                let socket = try Self.connect(candidate, within: limit)
                seenAs = try Self.greet(socket, nonce: nonce)
                peer = candidate.plainHost
                self.socket = socket
                return
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Sends a message of more than one packet each way. A way that loses those carries a hello and no work: something on it takes smaller
    /// packets than the interfaces send, and its ICMP report of that does not come through.
    ///
    /// - Throws: `ProbeFailure` that says which way.
    public func passLarge() throws(ProbeFailure) {
        try crosses("there") { () throws(SocketError) in
            try socket.writeNow([ProbeWire.large] + ProbeWire.randomBytes())
            _ = try socket.readBytes(1)
        }
        try crosses("back") { () throws(SocketError) in
            try socket.writeNow([ProbeWire.back])
            _ = try socket.readBytes(ProbeWire.largeBytes)
        }
    }

    /// Both ends wait equally long, so it makes no difference whose patience ends first.
    private func crosses(_ way: String, _ body: () throws(SocketError) -> Void) throws(ProbeFailure) {
        do throws(SocketError) {
            try body()
        } catch .closed, .noProgress {
            throw ProbeFailure(description: "small messages pass, and large ones are lost on the way \(way)", losesLarge: true)
        } catch {
            throw Self.failure(error)
        }
    }

    /// How long a connection may take.
    public static let usualLimit: Duration = .seconds(3)

    /// The median of some round trips, in seconds.
    public func roundTrip(times: Int = 15) throws(ProbeFailure) -> Double {
        var seconds: [Double] = []
        do throws(SocketError) {
            for _ in 0..<max(1, times) {
                let start = MonotonicTime.nanoseconds
                try socket.writeNow([ProbeWire.echo])
                _ = try socket.readBytes(1)
                seconds.append(Double(MonotonicTime.nanoseconds - start) * 1e-9)
            }
        } catch {
            throw Self.failure(error)
        }
        return seconds.sorted()[seconds.count / 2]
    }

    /// Bytes a second toward the listener, as it counts them. Ends the link's use.
    public func send(for duration: Duration) throws(ProbeFailure) -> Double {
        do throws(SocketError) {
            try socket.writeNow([ProbeWire.take])
            try socket.pour(for: min(duration, ProbeWire.longestStream))
            let answer = try Self.afterAWhile { () throws(SocketError) in try socket.readBytes(16) }
            let count: UInt64 = ProbeWire.number(answer[..<8])
            let nanoseconds: UInt64 = ProbeWire.number(answer[8...])
            return Self.rate(count, nanoseconds)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Bytes a second from the listener. Ends the link's use.
    public func receive(for duration: Duration) throws(ProbeFailure) -> Double {
        let milliseconds = UInt32(clamping: min(duration, ProbeWire.longestStream).wholeNanoseconds / 1_000_000)
        do throws(SocketError) {
            try socket.writeNow([ProbeWire.give] + ProbeWire.bytes(milliseconds))
            let (count, nanoseconds) = try socket.drain()
            return Self.rate(count, nanoseconds)
        } catch {
            throw Self.failure(error)
        }
    }

    /// A slow link still holds much when the last byte is written, so the answer may be late.
    private static func afterAWhile(_ read: () throws(SocketError) -> [UInt8]) throws(SocketError) -> [UInt8] {
        let latest = Deadline(after: ProbeWire.longestRest)
        while true {
            do throws(SocketError) {
                return try read()
            } catch {
                guard error == .noProgress, !latest.hasPassed else { throw error }
            }
        }
    }

    private static func rate(_ bytes: UInt64, _ nanoseconds: UInt64) -> Double {
        nanoseconds == 0 ? 0 : Double(bytes) / (Double(nanoseconds) * 1e-9)
    }

    private static func connect(_ address: SocketAddress, within limit: Duration) throws(ProbeFailure) -> Socket {
        do throws(SocketError) {
            let socket = try Socket(family: address.family)
            socket.setBuffers(ProbeWire.settings)
            let begun = address.withSocketAddress { Glibc.connect(socket.descriptor, $0, $1) }
            guard begun == 0 || errno == EINPROGRESS else { throw .last }
            var entries = [pollfd(fd: socket.descriptor, events: Poll.writable, revents: 0)]
            guard Poll.wait(&entries, .atMost(limit)) else { throw .noProgress }
            let code = socket.pendingError
            guard code == 0 else { throw .failed(errno: code) }
            socket.setLinkOptions(ProbeWire.settings)
            return socket
        } catch {
            throw failure(error, limit)
        }
    }

    private static func greet(_ socket: Socket, nonce: [UInt8]) throws(ProbeFailure) -> String {
        do throws(SocketError) {
            try socket.writeNow(ProbeWire.magic + nonce)
            let length = Int(try socket.readBytes(1)[0])
            return String(decoding: try socket.readBytes(length), as: UTF8.self)
        } catch .closed {
            throw ProbeFailure(description: "something else answers there")
        } catch {
            throw failure(error)
        }
    }

    private static func failure(_ error: SocketError, _ limit: Duration = ProbeWire.patience) -> ProbeFailure {
        switch error {
        case .closed: ProbeFailure(description: "it closed the connection")
        case .noProgress: ProbeFailure(description: "no answer within \(limit.components.seconds) s")
        case .failed(let code): ProbeFailure(description: String(cString: strerror(code)))
        }
    }
}
