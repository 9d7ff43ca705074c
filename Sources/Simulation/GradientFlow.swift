import Membership

/// What has been written into the gradient links of a view, what has come out of them, and which of them swallow.
///
/// A link that swallows takes and acknowledges everything, and nothing of it arrives: a tunnel or a proxy whose far side is stuck.
struct GradientFlow {
    private let view: UInt64
    /// Ring: from a rank to the next; server: from a rank to the server.
    private var written: [UInt64]
    private var read: [UInt64]
    private var swallowed: [Bool]
    /// From the server to a rank.
    private var answered: [UInt64]
    private var heard: [UInt64]
    private var swallowedDown: [Bool]

    init(_ plan: ViewPlan) {
        view = plan.number
        written = [UInt64](repeating: 0, count: plan.members.count)
        (read, answered, heard) = (written, written, written)
        swallowed = [Bool](repeating: false, count: plan.members.count)
        swallowedDown = swallowed
    }

    var swallowsAny: Bool { swallowed.contains(true) }
    func isSwallowed(_ link: Int) -> Bool { swallowed[link] }

    mutating func swallow(_ rank: Int, down: Bool) {
        if down { swallowedDown[rank] = true } else { swallowed[rank] = true }
    }

    /// `first`: when the link has just swallowed for the first time.
    mutating func write(_ rank: Int, isSwallowed: Bool, first: () -> Void) {
        written[rank] += 1
        if isSwallowed, !swallowed[rank] {
            swallowed[rank] = true
            first()
        }
        if !swallowed[rank] { read[rank] += 1 }
    }

    /// Whether the server's answer arrives.
    mutating func answer(_ rank: Int, isSwallowed: Bool) -> Bool {
        answered[rank] += 1
        if isSwallowed { swallowedDown[rank] = true }
        if !swallowedDown[rank] { heard[rank] += 1 }
        return !swallowedDown[rank]
    }

    func progress(_ rank: Int, reading predecessor: Int?) -> LinkProgress {
        LinkProgress(view: view, sent: written[rank], received: predecessor.map { read[$0] } ?? heard[rank])
    }

    func server(_ ranks: [Int]) -> [Int: LinkProgress] {
        Dictionary(
            uniqueKeysWithValues: ranks.map { ($0, LinkProgress(view: view, sent: answered[$0], received: read[$0])) })
    }
}
