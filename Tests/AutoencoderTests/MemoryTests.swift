import Autoencoder
import Kernels
import Layers
import Testing

/// Compares the stated memory of a training process with what its objects hold.
@Suite struct MemoryTests {
    /// The bytes of the arrays that objects hold, each counted once.
    private struct Holdings {
        private(set) var bytes = 0
        private var seen: Set<ObjectIdentifier> = []

        mutating func add(_ value: Any) {
            switch value {
            case let storage as Storage<Float>: take(storage, Storage<Float>.bytes(storage.count))
            case let storage as Storage<Double>: take(storage, Storage<Double>.bytes(storage.count))
            case let storage as Storage<Int32>: take(storage, Storage<Int32>.bytes(storage.count))
            case let storage as Storage<UInt64>: take(storage, Storage<UInt64>.bytes(storage.count))
            default:
                let mirror = Mirror(reflecting: value)
                if mirror.displayStyle == .class, !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return }
                for child in mirror.children { add(child.value) }
            }
        }

        private mutating func take(_ storage: AnyObject, _ size: Int) {
            if seen.insert(ObjectIdentifier(storage)).inserted { bytes += size }
        }
    }

    /// Small ones of every kind, with and without what takes memory of its own, and one whose values outweigh its parameters.
    static let cases =
        VariantCase.all.map(\.settings) + [
            smallSettings(.semiSupervised, minibatch: 200, shards: 4, trainingImages: 200) { $0.dropout.hidden = 0.5 },
            smallSettings(.vae, hidden: [300], optimizer: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)),
        ]

    @Test("Memory is never more than was said, nor much less", arguments: cases.indices, [1, 2])
    func all(index: Int, threads: Int) throws {
        let settings = Self.cases[index]
        let replica = try Replica(settings)
        let lanes = replica.makeLanes(shards: 0..<settings.shards, threads: threads)
        // Kept alive while the arrays are counted: a snapshot has arrays of its own.
        let copy = replica.snapshot()
        var holdings = Holdings()
        holdings.add(replica)
        for lane in lanes { holdings.add(lane) }
        holdings.add(copy)
        // Moments in transit belong to the worker: as words, and as the doubles decoded from them.
        let held = holdings.bytes + 2 * settings.exchanges.momentBytes
        let said = settings.memoryBytes(threads: threads)
        #expect(held <= said && 4 * said <= 5 * held, "\(settings.variant): \(held) of \(said)")
    }

    @Test("A count of objects finds every float of a replica and of its lanes")
    func counted() throws {
        let settings = smallSettings()
        let replica = try Replica(settings)
        var holdings = Holdings()
        holdings.add(replica)
        #expect(holdings.bytes > settings.stateBytes + settings.keptSumBytes)
        let before = holdings.bytes
        holdings.add(replica)
        #expect(holdings.bytes == before)
        holdings.add(replica.makeLanes(shards: 0..<1, threads: 1)[0])
        // The images' rows, 12 columns in blocks of 16 rows, and more.
        #expect(holdings.bytes > before + 4 * 12 * 16)
    }
}
