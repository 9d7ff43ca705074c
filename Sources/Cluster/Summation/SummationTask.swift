import Collectives
import Foundation
import Wire

/// What a summation server is to sum: the members of one view.
struct SummationTask: Sendable {
    var view: UInt64
    /// Which part of every bucket is its own.
    var server: Int
    /// Ranks that dial it; 0: none for now.
    var members: Int
    /// Shown in every gradient link's hello.
    var secret: [UInt8]
    /// The run's identity.
    var run: String
    var generation: UInt64
    var compression: LinkCompression
}

extension SummationTask {
    init(_ message: ControlServerView) {
        self.init(
            view: message.view, server: Int(message.server), members: Int(message.members), secret: Array(message.secret),
            run: message.run, generation: message.generation, compression: LinkCompression(rawValue: message.compression) ?? .auto)
    }
}

extension ControlServerView {
    init(_ task: SummationTask) {
        self.init()
        view = task.view
        server = UInt32(task.server)
        members = UInt32(task.members)
        secret = Data(task.secret)
        run = task.run
        generation = task.generation
        compression = task.compression.rawValue
    }
}
