import Collectives
import Dispatch
import Glibc
import Kernels
import Testing
import Wire

/// A relay that lets one direction through at a bounded rate, with small buffers: a slow link.
private final class SlowRelay: @unchecked Sendable {
    let port: Int
    private let listening: RawSocket
    private let target: Int
    private let bytesPerSecond: Double

    init(to target: Int, bytesPerSecond: Double) {
        self.target = target
        self.bytesPerSecond = bytesPerSecond
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listening = RawSocket(owning: descriptor)
        var size: Int32 = 32 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = RawSocket.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0)
                getsockname(descriptor, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Relays one connection until either side closes.
    func run() {
        let inside = RawSocket(owning: accept(listening.descriptor, nil, nil))
        let outside = RawSocket(port: target)
        let back = DispatchGroup()
        DispatchQueue.global().async(group: back) {
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(outside.descriptor, &bytes, bytes.count, 0)
                guard count > 0, inside.send(Array(bytes[..<count])) else { return }
            }
        }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(inside.descriptor, &bytes, bytes.count, 0)
            guard count > 0, outside.send(Array(bytes[..<count])) else { break }
            usleep(UInt32(Double(count) / bytesPerSecond * 1e6))
        }
        shutdown(outside.descriptor, Int32(SHUT_RDWR))
        back.wait()
    }
}

extension Loopback {
    @Suite("Automatic compression")
    struct AutoCompressionTests {
        /// Sums as they are in training: half zeros, the rest within two bytes and a bit.
        private static func fill(_ sum: Storage<Int32>, seed: UInt64) {
            var random = SplitMix(seed: seed)
            for index in 0..<sum.count {
                sum.all[index] = random.next() % 4 == 0 ? Int32.random(in: -300...300, using: &random) : 0
            }
        }

        @Test("One ring, one slow link: that one packs with zstd, the fast one does not")
        func slowAndFast() throws {
            let queue = DispatchGroup()
            let reducers = try TestRun().ring(2, .auto) { port in
                let relay = SlowRelay(to: port, bytesPerSecond: 3e6)
                DispatchQueue.global().async(group: queue) { relay.run() }
                return relay.port
            }
            // A frame is larger than what the relay's buffers swallow.
            let elements = 256 << 10
            let plan = BucketPlan(tensorRanges: [0..<elements], maximumElements: elements / 2)
            let sums = reducers.map { _ in Storage<Int32>(count: elements) }
            var late = [WireCounters](repeating: WireCounters(), count: 2)
            for phase in 0..<12 as Range<UInt64> {
                for (member, reducer) in reducers.enumerated() {
                    Self.fill(sums[member], seed: phase * 2 + UInt64(member))
                    reducer.begin(
                        phase: phase, attempt: 0, plan: plan, sum: sums[member],
                        statistics: StatisticsBoard(tensors: 1))
                    for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
                }
                for (member, reducer) in reducers.enumerated() {
                    try reducer.finish()
                    if phase >= 7 { late[member] = late[member] + reducer.exchangeCounters }
                }
            }
            for reducer in reducers { reducer.shutdown() }
            queue.wait()
            let zstd = Int(GradientCoding.packedZstd.rawValue)
            #expect(late[0].frames[zstd] * 10 >= late[0].frames.reduce(0, +) * 9, "\(late[0])")
            #expect(late[1].frames[zstd] * 10 <= late[1].frames.reduce(0, +), "\(late[1])")
            #expect(late[0].sent * 2 < late[0].raw)
        }
    }
}
