/// Which links have failed, what the members say of each other, and how the latest views have ended. This decides the order of the next
/// ring, or that the summation server takes the ring's place.
package struct LinkHistory: Sendable {
    /// How often a pair of workers (by number; 0 is the summation server) has failed each other while both lived.
    package private(set) var failures: [RingOrder.Pair: Int] = [:]
    /// Members, by number, whose links failed with several others in views that got nowhere. They are nobody's neighbours where no server can
    /// stand in for the ring.
    private var unreached: Set<UInt32> = []
    /// The position at which all failures were forgotten, because they left nobody.
    private var forgiven: UInt64?
    /// Pairs for which a failure of the present view is counted already: once, however many report it.
    private var blamed: Set<RingOrder.Pair> = []
    /// What members of the last view have said of its links.
    package private(set) var suspicions: [Suspicion] = []
    /// Views in a row that ended without a finished phase though nobody was lost.
    package private(set) var barren = 0
    /// When the last view began that did not follow on a barren one.
    private var barrenSince: Duration = .zero
    /// The view that is over broke; false: it was ended to let somebody in or out.
    private var hasBroken = false
    /// The present view follows on one that broke while all its members lived.
    package private(set) var isAfterBreak = false
    /// The summation server stands in for the ring: until when, and for how long the next time.
    private var standIn: (until: Duration, next: Duration)?
    /// The summation server's port cannot be opened.
    package private(set) var cannotServe = false

    private let rules: MembershipRules

    package init(rules: MembershipRules) { self.rules = rules }

    /// One member's word against another.
    package struct Suspicion: Sendable {
        package let by: ConnectionID
        package let of: ConnectionID?
        /// Which of the view's summation servers it concerns, where these are processes of their own.
        package let server: Int?
        /// Who dials, and who is dialled; 0 is the summation server.
        package let pair: RingOrder.Pair
        package let kind: LinkReport.Kind
        package let sentence: String

        package init(
            by: ConnectionID, of: ConnectionID?, server: Int?, pair: RingOrder.Pair, kind: LinkReport.Kind, sentence: String
        ) {
            self.by = by
            self.of = of
            self.server = server
            self.pair = pair
            self.kind = kind
            self.sentence = sentence
        }
    }

    // MARK: What is said

    package mutating func suspect(_ suspicion: Suspicion) { suspicions.append(suspicion) }

    /// Every one of these members says that it cannot reach the summation server.
    package func nobodyReachesServer(of members: [ConnectionID]) -> Bool {
        members.allSatisfy { member in suspicions.contains { $0.kind == .neverUp && $0.by == member && $0.of == nil } }
    }

    /// Why the last view ended, where no lost member explains it, and which pairs and summation servers are to blame. The suspicions are then
    /// forgotten.
    ///
    /// A member that loses one neighbour closes its link to the other too, which then sees its link closed. That alone is no evidence,
    /// unless both say it. What one side saw itself counts by itself, and so does the summation server's link, which has one end here.
    package mutating func explain(hasLostMember: Bool) -> (sentence: String, servers: [Int])? {
        defer { suspicions = [] }
        guard !hasLostMember, let first = suspicions.first else { return nil }
        var servers: [Int] = []
        for (index, suspicion) in suspicions.enumerated() {
            if let number = suspicion.server {
                servers.append(number)
                continue
            }
            let pair = suspicion.pair
            let isMutual = suspicions[..<index].contains { $0.pair.unordered == pair.unordered && $0.by != suspicion.by }
            switch suspicion.kind {
            case .neverUp: if rules.oneSidedEvidence || isMutual { blame(pair, isObserved: false) }
            case .observed: if rules.oneSidedEvidence || isMutual { blame(pair, isObserved: true) }
            case .closed: if isMutual || pair.from == 0 || pair.to == 0 { blame(pair, isObserved: true) }
            }
        }
        return ((suspicions.first { $0.kind != .closed } ?? first).sentence, servers)
    }

    /// Counts a failure. A link that was up and failed counts for both directions of the pair. One that could not be dialled counts for
    /// that direction only, unless the same two had failed before.
    package mutating func blame(_ pair: RingOrder.Pair, isObserved: Bool) {
        let pair = pair.from == 0 ? pair.reversed : pair
        guard blamed.insert(pair.unordered).inserted else { return }
        failures[pair, default: 0] += 1
        guard pair.to != 0, isObserved || failures[pair.reversed] != nil else { return }
        failures[pair.reversed] = max(failures[pair.reversed, default: 0], failures[pair]!)
    }

    // MARK: What follows

    /// Pairs that are not made neighbours any more.
    private var barred: Set<RingOrder.Pair> { Set(failures.filter { $0.value >= rules.pairPatience }.keys) }

    /// Whether this pair has failed too often.
    package func isBarred(_ pair: RingOrder.Pair) -> Bool { failures[pair, default: 0] >= rules.pairPatience }

    /// Whether this worker is in a barred pair with one of `others`.
    package func isBarred(_ worker: UInt32, among others: Set<UInt32>) -> Bool {
        unreached.contains(worker)
            || barred.contains { pair in
                (pair.from == worker || pair.to == worker) && others.contains(pair.from) && others.contains(pair.to)
            }
    }

    /// Pairs with one of these workers that are barred, or have failed with a member that nobody reaches.
    package func troubles(among numbers: Set<UInt32>) -> [RingOrder.Pair] {
        let known = barred.union(failures.keys.filter { unreached.contains($0.from) || unreached.contains($0.to) })
        let pairs = known.filter { numbers.contains($0.from) || numbers.contains($0.to) }
        return Set(pairs.map(\.unordered)).sorted { ($0.from, $0.to) < ($1.from, $1.to) }
    }

    /// Members in order of rank, by number, and whether they make up a ring. Pairs that failed each other once are kept apart where
    /// that costs nothing; pairs that failed twice are not neighbours any more. Where no ring is possible without them, or the ring
    /// gets nowhere, the summation server stands in for it.
    ///
    /// - Parameters:
    ///   - last: members of the last view, in order of rank.
    ///   - wantsRing: the run's topology.
    package func arrange(_ numbers: [UInt32], last: [UInt32?], wantsRing: Bool, _ now: Duration) -> (order: [UInt32], ring: Bool) {
        let numbers = numbers.sorted()
        let barred = barred
        let served = numbers.filter { !barred.contains(.init(from: $0, to: 0)) }
        guard wantsRing else { return (served, false) }
        if numbers.count == 1 { return (numbers, true) }
        let mayServe = rules.serverStandsIn && !cannotServe && !served.isEmpty
        let isServed = standIn.map { now < $0.until } ?? false
        let others = numbers.filter { !unreached.contains($0) }
        let reached = mayServe || others.isEmpty ? numbers : others
        if !isServed || !mayServe {
            for avoided in [Set(failures.keys), barred] {
                let ring = RingOrder(members: reached, barred: avoided).arranged()
                // An order that differs from the last is tried for more views, for a while; the same one again for fewer.
                let isNew = last != ring && now - barrenSince < rules.orderPatience
                let patience = isNew ? 2 * rules.barrenViews : rules.barrenViews
                if ring.count == reached.count, barren < patience { return (ring, true) }
            }
            if !mayServe { return (RingOrder(members: reached, barred: barred).arranged(), true) }
        }
        return (served, false)
    }

    /// What a view's arrangement changes about the ring, in a run that wants one.
    package enum StandIn: Equatable, Sendable {
        case nothingNew
        /// The summation server stood in for it.
        case ringIsTriedAgain
        /// The server stands in for so long.
        case begins(length: Duration)
    }

    /// Records that the summation server stands in for the ring, or no longer does.
    package mutating func standsIn(ring: Bool, members: Int, _ now: Duration) -> StandIn {
        if ring {
            guard let before = standIn, now >= before.until, members > 1 else { return .nothingNew }
            // `standIn` is kept until the ring has shown that it holds: the server then stands in for longer the next time.
            return .ringIsTriedAgain
        }
        if let before = standIn, now < before.until { return .nothingNew }
        let length = standIn?.next ?? rules.ringRetry
        standIn = (now + length, min(length * 2, .seconds(3600)))
        barren = 0
        return .begins(length: length)
    }

    /// The time that the summation server stands in for is over.
    package func standInIsOver(_ now: Duration) -> Bool { standIn.map { now >= $0.until } ?? false }

    /// The worker whose links failed with the most others, where these are three at least and no other has as many. One worker that nobody reaches
    /// is likelier than three broken ways, each of which would cost a view to be found.
    private var likeliestCulprit: UInt32? {
        let pairs = Set(failures.keys.map(\.unordered)).filter {
            $0.to != 0 && !unreached.contains($0.from) && !unreached.contains($0.to)
        }
        let counts = Dictionary(grouping: pairs.flatMap { [$0.from, $0.to] }) { $0 }.mapValues(\.count)
        guard let most = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), most.value >= 3 else { return nil }
        return counts.count { $0.value == most.value } == 1 ? most.key : nil
    }

    // MARK: Views

    package mutating func viewBroke() { hasBroken = true }

    /// A view is formed at `applied` phases, where the last one began at `base`; `admits`: it is to let somebody in.
    package mutating func viewForms(at applied: UInt64, base: UInt64, admits: Bool, hasLostMember: Bool, _ now: Duration) {
        if applied > base || admits && !hasBroken { barren = 0 } else if hasBroken, !hasLostMember { barren += 1 }
        if barren == 0 { barrenSince = now }
        if barren >= rules.barrenViews, let member = likeliestCulprit { unreached.insert(member) }
        // A view that only let somebody in, and in which nothing was done, leaves `isAfterBreak` as it is.
        let isStillAfterBreak = isAfterBreak && applied == base
        (isAfterBreak, hasBroken) = ((hasBroken || isStillAfterBreak) && !hasLostMember, false)
    }

    /// The view begins: failures of its links are counted anew.
    package mutating func viewBegins() { blamed = [] }

    /// Forgets all failures, where they leave nobody: once at each position of the run.
    ///
    /// - Returns: false where that was done at this place before.
    package mutating func forgive(at applied: UInt64) -> Bool {
        guard forgiven != applied else { return false }
        (forgiven, failures, unreached) = (applied, [:], [])
        return true
    }

    /// The ring is tried again: earlier failures are forgotten.
    package mutating func beginAnew() { (failures, barren, unreached) = ([:], 0, []) }

    /// The links of this view have held for long; `isRing`: they go round several members.
    package mutating func areSound(isRing: Bool) {
        failures = failures.filter { $0.value >= rules.pairPatience }
        if isRing { standIn = nil }
    }

    /// The summation server cannot stand in for a ring.
    package mutating func serverCannotBeHad() {
        cannotServe = true
        standIn = nil
    }
}
