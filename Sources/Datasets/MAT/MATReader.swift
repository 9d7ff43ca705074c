import CMatioReader
import Foundation
import Synchronization
import Waiting

/// The process in which libmatio reads one file: see `CMatioReader`. Requests and answers are messages of a socket; elements come in
/// memory that the two share.
final class MATReader {
    /// Why there is no answer.
    enum Fault: Error {
        /// The process has ended without an answer; `signal` says by which signal, where that is known.
        case ended(signal: Int32?)
        case silent
    }

    /// Time limits for describing a variable and for reading its elements; no disk is slower.
    private static let (describing, reading) = (Duration.seconds(30), Duration.seconds(120))
    /// A child inherits the descriptors that are open when it starts: two started at once would hold each other's sockets.
    private static let starting = Mutex(())

    private let process: Int32
    private let socket: Int32
    private let slab: UnsafeMutableRawPointer
    private var hasEnded = false

    init(_ path: String) throws {
        let flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE
        guard let slab = mmap(nil, MATLimits.slabBytes, PROT_READ | PROT_WRITE, flags, -1, 0), slab != MAP_FAILED else {
            throw DataError.system(doing: "take memory to read", file: path, reason: String(cString: strerror(errno)))
        }
        var socket: Int32 = -1
        let process = Self.starting.withLock { _ in
            cmatio_start(
                path, slab.assumingMemoryBound(to: UInt8.self), UInt64(MATLimits.slabBytes), UInt64(MATLimits.libraryBytes), &socket
            )
        }
        guard process > 0 else {
            munmap(slab, MATLimits.slabBytes)
            throw DataError.system(doing: "start a reader of", file: path, reason: String(cString: strerror(-process)))
        }
        (self.process, self.socket, self.slab) = (process, socket, slab)
    }

    deinit {
        end()
        munmap(slab, MATLimits.slabBytes)
    }

    /// - Parameter range: the elements to put into `elements`, along the last axis; nil asks for the variable's description.
    /// - Throws: `Fault`.
    func ask(_ name: String, _ range: Range<Int>? = nil) throws -> cmatio_answer {
        var request = cmatio_request()
        precondition(name.utf8.count < CMATIO_NAME, "the name of a variable is short")
        withUnsafeMutableBytes(of: &request.name) { $0.copyBytes(from: name.utf8) }
        if let range { (request.first, request.count) = (Int64(range.lowerBound), Int64(range.count)) }
        let patience = Patience.atMost(range == nil ? Self.describing : Self.reading).fixed
        guard !hasEnded, cmatio_ask(socket, &request) != 0 else { throw ended() }
        var answer = cmatio_answer()
        let size = MemoryLayout<cmatio_answer>.size
        let count = withUnsafeMutableBytes(of: &answer) { Descriptor.read(socket, into: $0, patience) }
        guard let count else {
            if patience.deadline?.hasPassed ?? false {
                end()
                throw Fault.silent
            }
            throw ended()
        }
        guard count == size else { throw ended() }
        return answer
    }

    /// The elements that were read last; valid until the next request.
    func elements(_ bytes: Int) -> UnsafeRawBufferPointer {
        precondition(bytes <= MATLimits.slabBytes, "no more than the memory that is shared")
        return UnsafeRawBufferPointer(start: slab, count: bytes)
    }

    private func ended() -> Fault {
        let signal = hasEnded ? nil : Children.end(of: process, .atMost(.seconds(1))).map { $0.status & 0x7F }
        if signal != nil {
            hasEnded = true
            close(socket)
        }
        end()
        return .ended(signal: signal == 0 ? nil : signal)
    }

    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        close(socket)
        kill(process, SIGKILL)
        _ = Children.end(of: process, .untilWoken(by: "the kernel, which ends a process that was killed"))
    }
}
