import Files
import Foundation
import Glibc

/// The live TCP connections of the processes of one run, as the kernel lists them at one moment.
package struct LinkTable {
    /// One end of a connection.
    package struct Link: Sendable, Hashable {
        package var pid: Int32
        package var descriptor: Int32
        package var inode: UInt64
        package var localPort: Int
        package var remotePort: Int
    }

    package let links: [Link]
    /// Where the coordinator listens.
    private let port: Int

    /// Reads the connections of processes that share a network.
    package init(of pids: [Int32], coordinatorPort: Int) {
        port = coordinatorPort
        let established = pids.first.map(Self.connections) ?? [:]
        links = pids.flatMap { Self.links(of: $0, established) }
    }

    package func isControl(_ link: Link) -> Bool { link.localPort == port || link.remotePort == port }

    /// The other end, where it belongs to one of the processes.
    package func otherEnd(of link: Link) -> Link? {
        links.first { $0.localPort == link.remotePort && $0.remotePort == link.localPort }
    }

    private static func links(of pid: Int32, _ established: [UInt64: (local: Int, remote: Int)]) -> [Link] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        return names.compactMap { name in
            guard let descriptor = Int32(name),
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)"),
                target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast()),
                let ports = established[inode]
            else { return nil }
            return Link(pid: pid, descriptor: descriptor, inode: inode, localPort: ports.local, remotePort: ports.remote)
        }.sorted { $0.descriptor < $1.descriptor }
    }

    /// The ports of each established connection that this process's network knows, by inode.
    ///
    ///     sl  local_address rem_address   st tx_queue:rx_queue tr:when retrnsmt uid timeout inode
    ///      0: 0100007F:1F40 0100007F:A2C4 01 00000000:00000000 00:00000000 00000000 0 0 12345
    private static func connections(of pid: Int32) -> [UInt64: (local: Int, remote: Int)] {
        func port(_ address: Substring) -> Int? { address.split(separator: ":").last.flatMap { Int($0, radix: 16) } }
        var ports: [UInt64: (local: Int, remote: Int)] = [:]
        for table in ["tcp", "tcp6"] {
            for line in SystemText.text("/proc/\(pid)/net/\(table)", limit: nil).split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                guard columns.count > 9, columns[3] == "01", let inode = UInt64(columns[9]), let local = port(columns[1]),
                    let remote = port(columns[2])
                else { continue }
                ports[inode] = (local, remote)
            }
        }
        return ports
    }
}
