import Foundation
import Wire

/// What one worker does in a step, in seconds on one machine that does nothing else, and what it sends.
public struct WorkerShare: Sendable {
    /// A bucket of a phase's gradient.
    public struct Bucket: Sendable {
        /// How long before the end of the phase's backward pass it could leave.
        public var lead: Double
        public var elements: Int
        /// By coding.
        public var coded: [GradientCoding: Coded]

        public init(lead: Double, elements: Int, coded: [GradientCoding: Coded]) {
            self.lead = lead
            self.elements = elements
            self.coded = coded
        }
    }

    /// A bucket in one coding.
    public struct Coded: Sendable {
        public var bytes: Double
        /// Bytes of the sum over all shards: it has fewer zeros and larger numbers than each of its parts.
        public var wholeBytes: Double
        public var packing: Double
        public var unpacking: Double

        public init(bytes: Double, wholeBytes: Double? = nil, packing: Double, unpacking: Double) {
            self.bytes = bytes
            self.wholeBytes = wholeBytes ?? bytes
            self.packing = packing
            self.unpacking = unpacking
        }
    }

    public struct Phase: Sendable {
        public var name: String
        /// Forward and backward.
        public var compute: Double
        public var update: Double
        /// In the order in which they are ready.
        public var buckets: [Bucket]
        /// Bytes of each exchange of moments that the phase has before its gradient.
        public var moments: [Double]

        public init(name: String, compute: Double, update: Double, buckets: [Bucket], moments: [Double]) {
            self.name = name
            self.compute = compute
            self.update = update
            self.buckets = buckets
            self.moments = moments
        }
    }

    /// This share with the sizes of the whole sums, taken from a share that has all shards.
    public func withSums(of whole: WorkerShare) -> WorkerShare {
        var result = self
        for (phase, all) in whole.phases.enumerated() {
            for (bucket, summed) in all.buckets.enumerated() {
                for (coding, coded) in summed.coded {
                    result.phases[phase].buckets[bucket].coded[coding]?.wholeBytes = coded.bytes
                }
            }
        }
        return result
    }

    public var phases: [Phase]
    /// Compute threads.
    public var threads: Int
    /// Shards of the minibatch; this share has as many of them as the worker with the most.
    public var ofShards: Int

    public init(phases: [Phase], threads: Int, ofShards: Int) {
        self.phases = phases
        self.ofShards = ofShards
        self.threads = threads
    }
}

extension WorkerShare.Coded {
    /// Bytes of the sum of `parts` members' parts: each doubling brings it nearer to the whole by the same amount.
    func bytes(ofParts parts: Int, of members: Int) -> Double {
        guard members > 1 else { return wholeBytes }
        return bytes + (wholeBytes - bytes) * log2(Double(parts)) / log2(Double(members))
    }
}
