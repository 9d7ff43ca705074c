import Foundation
import Synchronization

/// A web server on 127.0.0.1 for one test: answers each path with prepared bytes, one connection after the other.
final class LoopbackServer: Sendable {
    struct Answer: Sendable {
        var status = 200
        /// What Content-Length promises; nil promises nothing.
        var promised: Int?
        var body: [UInt8] = []
    }

    let address: String
    private let listener: Int32
    private let answers: [String: Answer]
    private let asked = Mutex<[String]>([])

    /// The paths asked for so far.
    var requests: [String] { asked.withLock { $0 } }

    init(_ answers: [String: Answer]) throws {
        self.answers = answers
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let code = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(descriptor, name, size) | listen(descriptor, 8) | getsockname(descriptor, name, &size)
            }
        }
        guard code == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))/"
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                self?.serve(connection)
                close(connection)
            }
            close(descriptor)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        var request: [UInt8] = []
        var byte: UInt8 = 0
        while !request.suffix(4).elementsEqual([13, 10, 13, 10]), recv(connection, &byte, 1, 0) == 1 { request.append(byte) }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ")
        let path = words.count > 1 ? String(words[1].dropFirst()) : ""
        asked.withLock { $0.append(path) }
        let answer = answers[path] ?? Answer(status: 404, promised: 0)
        var head = "HTTP/1.1 \(answer.status) Answer\r\nConnection: close\r\n"
        if let promised = answer.promised { head += "Content-Length: \(promised)\r\n" }
        var bytes = Array((head + "\r\n").utf8) + answer.body
        while !bytes.isEmpty {
            let sent = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            guard sent > 0 else { return }
            bytes.removeFirst(sent)
        }
    }
}
