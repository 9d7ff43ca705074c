import Foundation
import Membership
import Wire

/// States and sums of simulated replicas as the bytes of messages. Every piece of a state carries the whole of it, so that pieces of two states
/// cannot make up one unnoticed; a piece of a sum is one value.
extension SimulatedReplica.State {
    static func bytes(phases: Int) -> Int { 8 * (2 + phases) }

    var data: Data { .init(words: [applied, chain] + exponents.map { UInt64(bitPattern: Int64($0)) }) }

    /// From all pieces of one; nil where they are of several, or no state.
    init?(pieces bytes: [UInt8], phases: Int) {
        let size = Self.bytes(phases: phases)
        guard !bytes.isEmpty, bytes.count.isMultiple(of: size),
            stride(from: 0, to: bytes.count, by: size).allSatisfy({ bytes[$0..<$0 + size].elementsEqual(bytes[..<size]) })
        else { return nil }
        let words = [UInt64](littleEndian: bytes[..<size])
        self.init(applied: words[0], chain: words[1], exponents: words[2...].map { Int(Int64(bitPattern: $0)) })
    }
}

extension ControlStateChunk {
    /// The piece at this place of a state in so many pieces.
    init(_ state: SimulatedReplica.State, step: UInt64, order: UInt64, piece: UInt64, of pieces: UInt64) {
        self.init()
        data = state.data
        self.order = order
        self.step = step
        offset = piece * UInt64(data.count)
        total = pieces * UInt64(data.count)
    }
}

extension ControlSumChunk {
    init(_ sums: [UInt64], value: Int, change: SimulatedReplica.Change, applied: UInt64, order: UInt64) {
        self.init()
        data = .init(words: [sums[value]])
        self.order = order
        self.applied = applied
        if value == 0 { (used, next) = ([Int32(change.used)], [Int32(change.next)]) }
        offset = UInt64(8 * value)
        total = UInt64(8 * sums.count)
    }
}

extension ReceivedSum {
    var sums: [UInt64] { .init(littleEndian: bytes[...]) }

    /// Nil where its first piece had none.
    var simulatedChange: SimulatedReplica.Change? {
        guard used.count == 1, self.next.count == 1 else { return nil }
        return SimulatedReplica.Change(used: Int(used[0]), next: Int(self.next[0]))
    }
}

extension ControlMessage {
    /// Pieces of states and sums, which a slow line holds up.
    var isPiece: Bool {
        switch self {
        case .sumChunk, .stateChunk: true
        default: false
        }
    }
}

extension Data {
    fileprivate init(words: [UInt64]) {
        self.init(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } })
    }
}

extension [UInt64] {
    fileprivate init(littleEndian bytes: ArraySlice<UInt8>) {
        self = stride(from: bytes.startIndex, to: bytes.endIndex, by: 8).map { start in
            bytes[start..<Swift.min(start + 8, bytes.endIndex)].enumerated().reduce(0) {
                $0 | UInt64($1.element) << (8 * UInt64($1.offset))
            }
        }
    }
}
