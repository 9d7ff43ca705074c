import Foundation

/// What a message may say at all. A peer's numbers are claims: each is compared with these bounds before anything is computed with it,
/// and every text is made printable. This happens here, behind the decoder, so that no later code has to do it.
package enum MessageBounds {
    static let steps: UInt64 = 1 << 40
    /// Phases applied; 256 phases a step at most.
    static let applied: UInt64 = 1 << 48
    /// Coordinators a run can have had: far below what a run folder allows, so that one false claim leaves room for all to come.
    package static let generation: UInt64 = 1 << 39  // `MessageBoundsTests` compares it with `Plausible`
    /// Views, orders, counts of bytes on links.
    static let count: UInt64 = 1 << 48
    /// A state or a sum.
    static let streamBytes: UInt64 = 1 << 38
    static let shards: UInt32 = 4096
    static let rows: UInt32 = 1 << 24
    /// Streams of images that a step takes its minibatches from.
    package static let streams: UInt32 = 2
    static let members = Limits.members
    static let servers = Limits.servers
    /// Numbers that workers of a run have had.
    static let workers: UInt64 = 1 << 20
    static let addresses = 16
    static let digestBytes = 64
    /// Sums that a phase reports for a shard.
    static let figures = 64
    static let pixels: UInt64 = 1 << 24
    /// Seconds that a worker is told to wait.
    static let seconds = 1e8
    /// The exponents of the exact sum, or none.
    static func isExponent(_ exponent: Int32) -> Bool { exponent == .min || (-256...256).contains(exponent) }
    /// Characters of a name and of a sentence that are printed.
    package static let name = 128
    static let sentence = 2000
}

extension ControlMessage {
    /// The message with its texts made printable.
    ///
    /// - Throws: a sentence that names the field with an impossible number.
    package func checked() throws(ImpossibleField) -> ControlMessage {
        switch self {
        case .hello(var hello):
            try check(&hello)
            return .hello(hello)
        case .welcome(var welcome):
            try check(&welcome)
            return .welcome(welcome)
        case .refusal(var refusal):
            refusal.reason = refusal.reason.printable(MessageBounds.sentence)
            return .refusal(refusal)
        case .ready(var ready):
            try check(ready.position)
            try most(UInt64(ready.fingerprint.count), UInt64(MessageBounds.digestBytes), "fingerprint")
            try most(UInt64(ready.dataPort), 65535, "port")
            try most(UInt64(ready.dataAddresses.count), UInt64(MessageBounds.addresses), "addresses")
            ready.dataAddresses = ready.dataAddresses.map { $0.printable(MessageBounds.name) }
            return .ready(ready)
        case .view(var view):
            try check(&view)
            return .view(view)
        case .linksUp(let up): try most(up.view, MessageBounds.count, "view")
        case .linkFailed(var failure):
            try most(failure.view, MessageBounds.count, "view")
            try most(failure.suspect < 0 ? 0 : UInt64(failure.suspect), UInt64(MessageBounds.members), "rank")
            guard failure.suspect >= -Int32(MessageBounds.servers) else { throw ImpossibleField("server") }
            failure.reason = failure.reason.printable(MessageBounds.sentence)
            return .linkFailed(failure)
        case .batch(let batch): try check(batch)
        case .snapshotRequest(let request):
            try most(request.step, MessageBounds.steps, "step")
            try most(request.order, MessageBounds.count, "order")
        case .stateChunk(let chunk):
            try most(chunk.step, MessageBounds.steps, "step")
            try check(order: chunk.order, chunk.offset, chunk.data.count, chunk.total)
        case .sumRequest(let request):
            try most(request.order, MessageBounds.count, "order")
            try most(request.applied, MessageBounds.applied, "phases applied")
        case .sumChunk(let chunk):
            try most(chunk.applied, MessageBounds.applied, "phases applied")
            try most(UInt64(max(chunk.used.count, chunk.next.count)), UInt64(Limits.gradientStatistics), "exponents")
            guard (chunk.used + chunk.next).allSatisfy(MessageBounds.isExponent) else { throw ImpossibleField("exponents") }
            try check(order: chunk.order, chunk.offset, chunk.data.count, chunk.total)
        case .stepReport(let report): try check(report)
        case .phaseReport(let report): try check(report)
        case .heartbeat(let beat): try check(beat)
        case .farewell(var farewell):
            farewell.reason = farewell.reason.printable(MessageBounds.sentence)
            return .farewell(farewell)
        case .stop(var stop):
            stop.reason = stop.reason.printable(MessageBounds.sentence)
            return .stop(stop)
        case .position(let position): try check(position)
        case .halt(let halt): try most(halt.order, MessageBounds.count, "order")
        case .notice(var notice):
            notice.level = notice.level.printable(16)
            notice.text = notice.text.printable(MessageBounds.sentence)
            return .notice(notice)
        case .serverHello(var hello):
            try check(&hello)
            return .serverHello(hello)
        case .serverView(var view):
            try check(&view)
            return .serverView(view)
        case .serverBeat(let beat):
            try most(beat.view, MessageBounds.count, "view")
            guard beat.sent.count == beat.received.count else { throw ImpossibleField("links") }
            try most(UInt64(beat.sent.count), UInt64(MessageBounds.members), "links")
        case .challenge, .proof: break  // the handshake looks at their few bytes
        }
        return self
    }

    private func most(_ value: UInt64, _ limit: UInt64, _ field: String) throws(ImpossibleField) {
        guard value <= limit else { throw ImpossibleField(field) }
    }

    private func check(_ beat: ControlHeartbeat) throws(ImpossibleField) {
        for count in [beat.applied, beat.contributed] { try most(count, MessageBounds.applied, "phases applied") }
        for count in [beat.view, beat.linkView] { try most(count, MessageBounds.count, "view") }
        guard beat.linkSent.count == beat.linkReceived.count else { throw ImpossibleField("links") }
        try most(UInt64(beat.linkSent.count), UInt64(MessageBounds.servers), "links")
    }

    private func check(_ hello: inout ControlServerHello) throws(ImpossibleField) {
        try most(UInt64(hello.number), MessageBounds.workers, "number")
        hello.host = hello.host.printable(MessageBounds.name)
        hello.build = hello.build.printable(MessageBounds.name)
    }

    private func check(_ view: inout ControlServerView) throws(ImpossibleField) {
        try most(view.view, MessageBounds.count, "view")
        try most(view.generation, MessageBounds.count, "generation")
        try most(UInt64(view.server), UInt64(MessageBounds.servers - 1), "server")
        try most(UInt64(view.members), UInt64(MessageBounds.members), "members")
        guard view.members == 0 || view.secret.count == 32 else { throw ImpossibleField("secret") }
        view.run = view.run.printable(MessageBounds.name)
        view.compression = view.compression.printable(MessageBounds.name)
    }

    private func check(_ position: ControlPosition) throws(ImpossibleField) {
        try most(position.applied, MessageBounds.applied, "phases applied")
        try most(position.order, MessageBounds.count, "order")
        try most(position.copied, MessageBounds.steps, "step")
        try most(UInt64(position.digest.count), UInt64(MessageBounds.digestBytes), "digest")
    }

    private func check(_ hello: inout ControlHello) throws(ImpossibleField) {
        try most(hello.generation, MessageBounds.generation, "generation")
        try check(hello.position)
        try most(UInt64(hello.number), MessageBounds.workers, "number")
        for text in [\ControlHello.run, \.host, \.build, \.library, \.kernel] {
            hello[keyPath: text] = hello[keyPath: text].printable(MessageBounds.name)
        }
        hello.padding = Data()
    }

    private func check(_ welcome: inout ControlWelcome) throws(ImpossibleField) {
        try most(welcome.generation, MessageBounds.count, "generation")
        try most(UInt64(welcome.worker), MessageBounds.workers, "worker")
        try most(welcome.markApplied, MessageBounds.applied, "mark")
        for side in [welcome.height, welcome.width, welcome.channels] {
            try most(UInt64(side), MessageBounds.pixels, "image size")
        }
        try most(UInt64(welcome.height) * UInt64(welcome.width), MessageBounds.pixels, "image size")
        try most(
            UInt64(welcome.height) * UInt64(welcome.width) * UInt64(welcome.channels), MessageBounds.pixels, "image size")
        try most(UInt64(welcome.trainingImages), 1 << 31, "training images")
        try most(UInt64(welcome.standardisation.count), 8 * MessageBounds.pixels, "standardisation")
        try most(UInt64(welcome.priorSamples.count), UInt64(Limits.priorSamples), "samples of the prior")
        guard welcome.orphanSeconds >= 0, welcome.orphanSeconds <= MessageBounds.seconds else {
            throw ImpossibleField("orphan time")
        }
        welcome.run = welcome.run.printable(MessageBounds.name)
        welcome.topology = welcome.topology.printable(MessageBounds.name)
        welcome.compression = welcome.compression.printable(MessageBounds.name)
        welcome.padding = Data()
    }

    private func check(_ batch: ControlBatch) throws(ImpossibleField) {
        try most(batch.step, MessageBounds.steps, "step")
        try most(UInt64(batch.batch), UInt64(MessageBounds.rows), "minibatch")
        try most(UInt64(batch.parts.count), UInt64(MessageBounds.shards) * UInt64(MessageBounds.streams), "shards")
        for part in batch.parts {
            try most(UInt64(part.shard), UInt64(MessageBounds.shards), "shard")
            try most(UInt64(part.firstRow), UInt64(MessageBounds.rows), "rows")
            try most(UInt64(part.rows), UInt64(MessageBounds.rows), "rows")
            guard part.stream < MessageBounds.streams else { throw ImpossibleField("stream") }
        }
    }

    private func check(_ report: ControlStepReport) throws(ImpossibleField) {
        try most(report.step, MessageBounds.steps, "step")
        try most(report.view, MessageBounds.count, "view")
        for count in [report.sent, report.raw, report.early, report.clamped] { try most(count, MessageBounds.count, "bytes") }
        for time in [report.compute, report.pack, report.wait, report.update, report.images] where !(time.magnitude <= 1e12) {
            throw ImpossibleField("milliseconds")
        }
    }

    private func check(_ report: ControlPhaseReport) throws(ImpossibleField) {
        try most(report.applied, MessageBounds.applied, "phases applied")
        try most(UInt64(report.shards.count), UInt64(MessageBounds.shards), "shards")
        for shard in report.shards {
            try most(UInt64(shard.shard), UInt64(MessageBounds.shards), "shard")
            try most(UInt64(shard.rows), UInt64(MessageBounds.rows), "rows")
            try most(UInt64(shard.figures.count), UInt64(MessageBounds.figures), "figures")
        }
    }

    private func check(order: UInt64, _ offset: UInt64, _ count: Int, _ total: UInt64) throws(ImpossibleField) {
        try most(order, MessageBounds.count, "order")
        try most(total, MessageBounds.streamBytes, "length of a stream")
        guard offset <= total, UInt64(count) <= total - offset else { throw ImpossibleField("place in a stream") }
    }

    private func check(_ view: inout ControlView) throws(ImpossibleField) {
        try most(view.view, MessageBounds.count, "view")
        try most(view.applied, MessageBounds.applied, "phases applied")
        try most(UInt64(view.members.count), UInt64(MessageBounds.members), "members")
        try most(UInt64(view.servers.count), UInt64(MessageBounds.servers), "servers")
        guard view.rank < view.members.count else { throw ImpossibleField("rank") }
        guard view.secret.count == 32 else { throw ImpossibleField("secret") }
        try most(UInt64(view.shards.count), UInt64(MessageBounds.shards), "shards")
        guard zip(view.shards, view.shards.dropFirst()).allSatisfy({ $0.0 < MessageBounds.shards && $0.1 == $0.0 + 1 }),
            view.shards.first.map({ $0 < MessageBounds.shards }) ?? true
        else { throw ImpossibleField("shards") }
        for index in view.servers.indices {
            try most(UInt64(view.servers[index].port), 65535, "port")
            try most(UInt64(view.servers[index].addresses.count), UInt64(MessageBounds.addresses), "addresses")
            view.servers[index].addresses = view.servers[index].addresses.map { $0.printable(MessageBounds.name) }
        }
        for index in view.members.indices {
            try most(UInt64(view.members[index].port), 65535, "port")
            try most(UInt64(view.members[index].addresses.count), UInt64(MessageBounds.addresses), "addresses")
            view.members[index].host = view.members[index].host.printable(MessageBounds.name)
            view.members[index].addresses = view.members[index].addresses.map { $0.printable(MessageBounds.name) }
        }
    }
}

/// A field of a message with a number that no peer can mean.
package struct ImpossibleField: Error, CustomStringConvertible {
    package let field: String

    init(_ field: String) { self.field = field }

    package var description: String { "its \(field) cannot be" }
}
