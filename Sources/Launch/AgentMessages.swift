import Foundation
import Processes

/// What a launcher and the agents on the hosts say to each other: JSON, one value a line, requests on the agent's standard
/// input, everything else on its standard output.
///
/// A login shell may print a greeting first, with or without a line end. So the launcher searches for the hello behind it, and every
/// word of an agent starts on a new line. Where the two sides are of different builds, the launcher goes no further than the hello;
/// so the messages have no versions.
enum AgentLines {
    /// Longest line either side takes.
    static let longest = 1 << 20
    /// How often the launcher sends something, and after how long without it an agent ends with its workers: the
    /// connection may be half open, and nothing else would show that.
    static let aliveEvery: Duration = .seconds(10)
    static let longestSilence: Duration = .seconds(120)

    static func bytes(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return Array(try encoder.encode(message)) + [UInt8(ascii: "\n")]
    }

    /// How the hello of any build begins.
    private static let marker = Array("{\"hello\":{\"_0\":{".utf8)

    /// Where in a line a hello begins: a shell may have said something on it before (a window title, a prompt).
    static func hello(in line: [UInt8]) -> Int? {
        line.indices.first { line[$0] == marker[0] && line[$0...].starts(with: marker) }
    }

    static func read<Message: Decodable>(_ type: Message.Type, from line: [UInt8]) throws -> Message {
        try JSONDecoder().decode(type, from: Data(line))
    }
}

/// A request and the number its answer carries.
struct AgentCall: Codable, Sendable {
    var id: Int
    var request: AgentRequest
}

/// What an agent is asked for.
enum AgentRequest: Codable, Sendable {
    /// Nothing: it only shows that the launcher lives. No answer.
    case alive
    /// The machine's facts; `folder` is where a run would be written.
    case survey(folder: String?)
    /// One more listener for probes. `nonce`: 32 hex digits.
    case listen(port: Int, nonce: String)
    /// Tries every address of every target.
    case dial([ProbeTarget])
    /// Measures round-trip time and bytes a second with a listener.
    case measure(ProbeTarget, seconds: Double)
    /// Ends the listeners; their ports are free when the answer comes.
    case endListening
    /// Starts a worker, which finds the token where `RunToken` says.
    case start(slot: Int, arguments: [String], token: String)
    /// Kills every worker at once and ends. No answer.
    case kill
}

/// A listener, and the addresses at which it may be reached.
struct ProbeTarget: Codable, Sendable {
    var name: String
    var addresses: [String]
    var port: Int
    var nonce: String
}

/// What an agent says.
enum AgentWord: Codable, Sendable {
    case hello(AgentHello)
    case answer(id: Int, AgentAnswer)
    case failed(id: Int, sentence: String)
    /// A line that a worker wrote.
    case output(slot: Int, line: String)
    case ended(slot: Int, WorkerEnd)
}

/// How a worker ended.
struct WorkerEnd: Codable, Sendable, Equatable {
    var status: Int32?
    var signal: Int32?

    init(_ ending: ChildProcess.Ending) {
        switch ending {
        case .exited(let status): self.status = status
        case .killed(let signal): self.signal = signal
        }
    }

    var ending: ChildProcess.Ending { signal.map { .killed(signal: $0) } ?? .exited(status ?? 0) }
}

/// The first word of an agent: who it is and how it computes.
public struct AgentHello: Codable, Sendable {
    public var build: String
    /// BLAS library and version.
    public var library: String
    /// Kernel family in use, and those this CPU can run, the best one first.
    public var kernel: String
    public var kernels: [String]
    /// Why the kernel family that was asked for is not in use.
    public var kernelTrouble: String?
    /// Digest of products at some usual shapes.
    public var fingerprint: String
    /// Path of this binary.
    public var executable: String
    public var hostName: String
    public var cores: Int
    /// The same on two agents that share a machine and its network.
    public var machine: String
    /// Addresses of this machine's interfaces, without loopback.
    public var addresses: [String]
    /// The address from which the SSH connection comes, as this host sees it.
    public var caller: String?
    /// Seconds since 1970.
    public var time: Double
}

/// Answers to requests.
enum AgentAnswer: Codable, Sendable {
    case done
    case survey(MachineReport)
    case listening(host: String, port: Int)
    case dialled([DialResult])
    case measured(LinkMeasure)
}

/// The result of dialling one address of a target.
struct DialResult: Codable, Sendable {
    var target: String
    var address: String
    /// The dialler's own address as the target sees it; nil where it was not reached.
    var seenAs: String?
    /// Why it was not reached, or cannot be worked with.
    var reason: String?
    /// It was reached, and the route to it carries only small messages.
    var losesLarge: Bool?
}

/// How well one host reaches another.
public struct LinkMeasure: Codable, Sendable, Equatable {
    /// Median, in seconds.
    public var roundTrip: Double
    /// Bytes a second from the dialler, and toward it.
    public var there: Double
    public var back: Double
}
