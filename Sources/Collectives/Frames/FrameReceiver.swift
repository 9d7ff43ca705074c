import Glibc
import Kernels
import Synchronization
import Waiting
import Wire

/// Reads gradient frames from one link; one thread.
final class FrameReceiver {
    let link: GradientLink
    /// An outgoing link that is watched while this one is silent, and who is told of its end.
    private var watched: GradientLink?
    private let watchedEnded: (LinkFailure) -> Void
    private let head = ByteStore(capacity: GradientFrameHeader.fixedBytes)
    private let tables = ByteStore()
    private var polled: [pollfd] = []
    private var counts = GradientFrameHeader.PieceCounts()
    private let window = ByteStore(capacity: FrameReceiver.windowBytes)

    /// What is read before it is added: small enough to stay in the second-level cache.
    private static let windowBytes = 256 << 10

    init(_ link: GradientLink, watching other: GradientLink? = nil, otherEnded: @escaping (LinkFailure) -> Void = { _ in }) {
        self.link = link
        watched = other
        watchedEnded = otherEnded
    }

    /// The next frame's header. Waits for its first byte until the link is closed, and for the other bytes no
    /// longer than the progress deadline.
    func next() throws(LinkFailure) -> GradientFrameHeader {
        let fixed = head.bytes(GradientFrameHeader.fixedBytes)
        let first = try firstBytes(fixed)
        try read(UnsafeMutableRawBufferPointer(rebasing: fixed[first...]))
        let header = try readHeader(UnsafeRawBufferPointer(fixed))
        guard header.view == link.view else {
            throw link.violation("a frame of view \(header.view) in view \(link.view)")
        }
        return header
    }

    private func readHeader(_ fixed: UnsafeRawBufferPointer) throws(LinkFailure) -> GradientFrameHeader {
        let part = try interpret { () throws(GradientFrameError) in try GradientFrameHeader.readFixed(fixed) }
        tables.reserve(part.tableBytes)
        let bytes = tables.bytes(part.tableBytes)
        try read(bytes)
        return try interpret { () throws(GradientFrameError) in
            try GradientFrameHeader.read(part, tables: UnsafeRawBufferPointer(bytes), sharing: &counts)
        }
    }

    private func interpret<T>(_ body: () throws(GradientFrameError) -> T) throws(LinkFailure) -> T {
        do throws(GradientFrameError) { return try body() } catch { throw link.violation("\(error)") }
    }

    private func firstBytes(_ buffer: UnsafeMutableRawBufferPointer) throws(LinkFailure) -> Int {
        while true {
            do throws(SocketError) {
                let count = try link.socket.readAvailable(buffer)
                if count > 0 {
                    link.socket.arrived.add(UInt64(count), ordering: .relaxed)
                    return count
                }
            } catch {
                throw link.failure(error, writing: false)
            }
            polled.removeAll(keepingCapacity: true)
            polled.append(pollfd(fd: link.socket.descriptor, events: Poll.readable, revents: 0))
            if let watched { polled.append(pollfd(fd: watched.socket.descriptor, events: Poll.readable, revents: 0)) }
            // A peer that computes may be silent for any time.
            Poll.wait(&polled, .untilWoken(by: "the peer; close(), when the coordinator judges it or the view ends"))
            if let watched, polled[1].revents != 0, let end = end(of: watched) {
                self.watched = nil
                watchedEnded(end)
            }
        }
    }

    /// How a link that only goes out has ended, if it has: nothing else ever comes back on it.
    private func end(of other: GradientLink) -> LinkFailure? {
        do throws(SocketError) {
            let count = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte in
                Result { () throws(SocketError) in try other.socket.readAvailable(byte, peek: true) }
            }.get()
            return count > 0 ? other.violation("bytes on a link that goes the other way") : nil
        } catch {
            return other.failure(error, writing: false)
        }
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) throws(LinkFailure) {
        do throws(SocketError) {
            try link.socket.read(buffer)
        } catch {
            throw link.failure(error, writing: false)
        }
    }

    /// The whole payload, in `store`.
    func payload(_ header: GradientFrameHeader, into store: ByteStore) throws(LinkFailure) -> UnsafeRawBufferPointer {
        store.reserve(header.payloadBytes)
        let bytes = store.bytes(header.payloadBytes)
        try read(bytes)
        try check(header, CRC32C.checksum(UnsafeRawBufferPointer(bytes)))
        return UnsafeRawBufferPointer(bytes)
    }

    /// A raw payload straight to its place. Precondition: the header's pieces are these ranges.
    func assignRaw(
        _ header: GradientFrameHeader, pieces: [Range<Int>], base: UnsafeMutablePointer<Int32>
    ) throws(LinkFailure) {
        var checksum: UInt32 = 0
        try pieces.forEachJoined { range throws(LinkFailure) in
            let bytes = UnsafeMutableRawBufferPointer(start: base + range.lowerBound, count: 4 * range.count)
            try read(bytes)
            checksum = CRC32C.checksum(UnsafeRawBufferPointer(bytes), continuing: checksum)
        }
        try check(header, checksum)
    }

    /// A raw payload, added as it comes. Precondition: the header's pieces are these ranges.
    func addRaw(
        _ header: GradientFrameHeader, pieces: [Range<Int>], base: UnsafeMutablePointer<Int32>
    ) throws(LinkFailure) {
        var checksum: UInt32 = 0
        try pieces.forEachJoined { range throws(LinkFailure) in
            var start = range.lowerBound
            while start < range.upperBound {
                let count = min(range.upperBound - start, FrameReceiver.windowBytes / 4)
                let bytes = window.bytes(4 * count)
                try read(bytes)
                checksum = CRC32C.checksum(UnsafeRawBufferPointer(bytes), continuing: checksum)
                GradientCodec.add(bytes.baseAddress!, count: count, to: base + start)
                start += count
            }
        }
        try check(header, checksum)
    }

    private func check(_ header: GradientFrameHeader, _ found: UInt32) throws(LinkFailure) {
        // The sender goes by its rate of delivery, and a delayed acknowledgement would look like a slow link.
        link.socket.acknowledge()
        guard found != header.payloadChecksum else { return }
        throw link.violation("\(GradientFrameError.checksum(part: "payload"))")
    }
}

extension [Range<Int>] {
    /// Calls `body` with the same elements in as few ranges as possible.
    func forEachJoined<Failure>(_ body: (Range<Int>) throws(Failure) -> Void) throws(Failure) {
        var open = 0..<0
        for range in self where !range.isEmpty {
            if open.upperBound == range.lowerBound, !open.isEmpty {
                open = open.lowerBound..<range.upperBound
            } else {
                if !open.isEmpty { try body(open) }
                open = range
            }
        }
        if !open.isEmpty { try body(open) }
    }
}
