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
            parts.append("\(NumberText.grouped(samplesPerSecond)) samples/s")
        }
        if let remaining, detail != .least { parts.append("eta \(NumberText.clock(remaining))") }
        if detail != .least {
            let isShort = detail.rawValue >= Detail.shortNames.rawValue
            let hasTerms = detail.rawValue < Detail.noTerms.rawValue
            parts += losses.map { loss in
                let terms = hasTerms ? loss.terms.map { "\($0.name) \(NumberText.rounded($0.value))" }.joined(separator: ", ") : ""
                let name = isShort ? String(loss.name.prefix(3)) : loss.title
                return "\(name) \(NumberText.rounded(loss.value))" + (terms.isEmpty ? "" : " (\(terms))")
            }
            if hasTerms, let error { parts.append("minibatch error \(NumberText.percent(error))") }
            if let heldOut { parts.append(isShort ? heldOut : "held-out \(heldOut)") }
        }
        if workers < workersWanted || detail.rawValue < Detail.noWorkers.rawValue {
            parts.append("\(workers)/\(workersWanted) workers")
        }
        if detail == .all, wireRaw > 0 {
            let ratio = wireSent > 0 ? " (\(NumberText.fixed(Double(wireRaw) / Double(wireSent), 1))x)" : ""
            parts.append("wire \(byteText(wireSent))\(ratio)")
        }
        if let note { parts.append(note) }
        return parts
    }
}

extension Loss {
    /// Its name for a person. Where one of its terms has the phase's name too, the sum gets another name: the sum of the paper's equation 2 is
    /// not its reconstruction.
    var title: String { terms.contains { $0.name == name } ? "\(name) phase" : name }
}
