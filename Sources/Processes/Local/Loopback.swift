import Glibc
import Waiting

/// The loopback network, over which processes of this machine talk.
public enum Loopback {
    /// Makes sure that loopback works.
    ///
    /// A process can listen on a port while the interface is down, so only those that dial would find out.
    ///
    /// - Throws: `LocalError` that says how to bring it up.
    public static func require() throws {
        let listening = try LoopbackSocket()
        defer { listening.close() }
        let code = listening.dialled()
        guard [ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL].contains(code) else { return }
        throw LocalError(
            "the processes of this machine cannot reach each other at 127.0.0.1 (\(String(cString: strerror(code)))): the loopback interface is down, as it is in a new network namespace (unshare -n, ip netns add); bring it up with `ip link set lo up`"
        )
    }
}

/// A listening TCP socket on 127.0.0.1 with a port of the system's choice, to be handed to a child.
struct LoopbackSocket {
    let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LocalError("cannot make a socket: \(String(cString: strerror(errno)))") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, listen(descriptor, 128) == 0 else { return Int32(-1) }
                return getsockname(descriptor, address, &length)
            }
        }
        guard status == 0 else { throw LocalError("cannot listen on 127.0.0.1: \(String(cString: strerror(errno)))") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// The error of dialling this socket, 0 for none: where the interface is down, the error comes at once.
    fileprivate func dialled() -> Int32 {
        let dialler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard dialler >= 0 else { return errno }
        defer { Glibc.close(dialler) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(dialler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 || errno == EINPROGRESS ? 0 : errno
    }

    func close() { Glibc.close(descriptor) }
}
