import Autoencoder
import Datasets
import Files

/// Where a run stands, as one line for people.
public struct Progress: Sendable, Equatable {
    public var run: String
    /// From 1.
    public var epoch: Int
    public var epochs: Int
    /// Steps done.
    public var step: UInt64
    public var steps: UInt64
    public var samplesPerSecond: Double
    /// Time to the end at this pace.
    public var remaining: Duration?
    public var losses: [Loss]
    /// Share of the labelled minibatch that was given another class; nil where there is none.
    public var error: Double?
    /// The variant's own figure of the newest epoch's held-out images, in a few words.
    public var heldOut: String?
    public var workers: Int
    /// Workers the run was asked to have.
    public var workersWanted: Int
    /// Bytes sent on gradient links since the start.
    public var wireSent: UInt64
    /// Bytes fp32 would have taken.
    public var wireRaw: UInt64
    /// What is going on instead of training, such as "waiting for workers".
    public var note: String?

    public init(
        run: String, epoch: Int, epochs: Int, step: UInt64, steps: UInt64, samplesPerSecond: Double, remaining: Duration?,
        losses: [Loss], error: Double? = nil, heldOut: String? = nil, workers: Int, workersWanted: Int, wireSent: UInt64,
        wireRaw: UInt64, note: String? = nil
    ) {
        self.run = run
        self.epoch = epoch
        self.epochs = epochs
        self.step = step
        self.steps = steps
        self.samplesPerSecond = samplesPerSecond
        self.remaining = remaining
        self.losses = losses
        self.error = error
        self.heldOut = heldOut
        self.workers = workers
        self.workersWanted = workersWanted
        self.wireSent = wireSent
        self.wireRaw = wireRaw
        self.note = note
    }

    /// One line of at most `width` characters. What does not fit goes in this order: the bytes on the wire, the workers (unless one is missing),
    /// the losses' terms, the phases' full names, the pace, the losses.
    public func render(width: Int) -> String {
        precondition(width >= 0, "a width is not negative")
        for detail in Detail.allCases {
            let line = parts(detail).joined(separator: "  ")
            if line.count <= width { return line }
        }
        return String(parts(.least).joined(separator: "  ").prefix(width))
    }

    private enum Detail: Int, CaseIterable {
        case all, noWire, noWorkers, noTerms, shortNames, noPace, least
    }

    private func parts(_ detail: Detail) -> [String] {
        var parts = ["epoch \(epoch)/\(epochs)", "step \(step)/\(steps)"]
        if detail.rawValue < Detail.noPace.rawValue {
            parts.append("\(Self.grouped(samplesPerSecond)) samples/s")
        }
        if let remaining, detail != .least { parts.append("eta \(Self.clock(remaining))") }
        if detail != .least {
            let isShort = detail.rawValue >= Detail.shortNames.rawValue
            let hasTerms = detail.rawValue < Detail.noTerms.rawValue
            parts += losses.map { loss in
                let terms = hasTerms ? loss.terms.map { "\($0.name) \(Self.rounded($0.value))" }.joined(separator: ", ") : ""
                let name = isShort ? String(loss.name.prefix(3)) : loss.title
                return "\(name) \(Self.rounded(loss.value))" + (terms.isEmpty ? "" : " (\(terms))")
            }
            if hasTerms, let error { parts.append("minibatch error \(EpochMetrics.percent(error))") }
            if let heldOut { parts.append(isShort ? heldOut : "held-out \(heldOut)") }
        }
        if workers < workersWanted || detail.rawValue < Detail.noWorkers.rawValue {
            parts.append("\(workers)/\(workersWanted) workers")
        }
        if detail == .all, wireRaw > 0 {
            let ratio = wireSent > 0 ? " (\(Self.fixed(Double(wireRaw) / Double(wireSent), 1))x)" : ""
            parts.append("wire \(byteText(wireSent))\(ratio)")
        }
        if let note { parts.append(note) }
        return parts
    }

    /// About four significant digits, which is what an eye takes in.
    static func rounded(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value > 0 ? "inf" : "-inf" }
        let size = abs(value)
        if size == 0 { return "0" }
        if size >= 1e15 { return "\(value)" }
        if size >= 1_000 { return grouped(value) }
        let decimals = size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.01 ? 3 : 5
        return fixed(value, decimals)
    }

    /// A number with a fixed count of decimals.
    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = UInt64((abs(value) * Double(scale)).rounded())
        let digits = String(scaled % UInt64(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + "\(scaled / UInt64(scale))." + String(repeating: "0", count: decimals - digits.count) + digits
    }

    /// A whole number in groups of three.
    package static func grouped(_ value: Int) -> String { grouped(Double(value)) }

    /// The nearest whole number, in groups of three.
    static func grouped(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e18 else { return "?" }
        let digits = Array(String(UInt64(abs(value).rounded())))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 && text != "0" ? "-" + text : text
    }

    /// `42s`, `3m05s`, `2h07m`, `4d02h`.
    static func clock(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
            "\(large)\(largeUnit)\(small < 10 ? "0" : "")\(small)\(smallUnit)"
        }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3_600, "h", seconds / 60 % 60, "m") }
        return pair(seconds / 86_400, "d", seconds / 3_600 % 24, "h")
    }
}

extension Loss {
    /// Its name for a person. Where one of its terms has the phase's name too, the sum gets another name: the sum of the paper's equation 2 is
    /// not its reconstruction.
    var title: String { terms.contains { $0.name == name } ? "\(name) phase" : name }
}
