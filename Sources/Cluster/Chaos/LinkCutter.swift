import CProcess
import Foundation
import Glibc

/// Shuts live TCP connections of another process down, as a network that fails would: their owner is not asked.
///
/// Linux lends a duplicate of a descriptor to whoever may trace the process (its ancestor, or root): the connection behind
/// it is the same.
enum LinkCutter {
    /// An established connection of a process.
    struct Link: Sendable {
        var pid: Int32
        var descriptor: Int32
        var inode: UInt64
        var remotePort: Int
    }

    enum Outcome: Equatable {
        case cut
        /// The connection ended by itself meanwhile.
        case gone
        /// The kernel does not lend descriptors here.
        case refused(String)
    }

    /// Every established connection of a process.
    static func links(of pid: Int32) -> [Link] {
        let established = connections(of: pid)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        return names.compactMap { name in
            guard let descriptor = Int32(name),
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)"),
                target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()),
                let port = established[inode]
            else { return nil }
            return Link(pid: pid, descriptor: descriptor, inode: inode, remotePort: port)
        }.sorted { $0.descriptor < $1.descriptor }
    }

    static func cut(_ link: Link) -> Outcome {
        switch cprocess_cut_connection(link.pid, link.descriptor, link.inode) {
        case 0: .cut
        case EBADF, ESRCH, ESTALE, ENOTCONN: .gone
        case let code: .refused(String(cString: strerror(code)))
        }
    }

    /// The remote port of each established connection that this process's network knows, by inode.
    ///
    ///     sl  local_address rem_address   st tx_queue:rx_queue tr:when retrnsmt uid timeout inode
    ///      0: 0100007F:1F40 0100007F:A2C4 01 00000000:00000000 00:00000000 00000000 0 0 12345
    private static func connections(of pid: Int32) -> [UInt64: Int] {
        var ports: [UInt64: Int] = [:]
        for table in ["tcp", "tcp6"] {
            for line in ProcessTable.text("/proc/\(pid)/net/\(table)").split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                guard columns.count > 9, columns[3] == "01", let inode = UInt64(columns[9]),
                    let port = columns[2].split(separator: ":").last.flatMap({ Int($0, radix: 16) })
                else { continue }
                ports[inode] = port
            }
        }
        return ports
    }
}
