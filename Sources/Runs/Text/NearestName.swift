/// Finds the name a person most likely meant.
public enum NearestName {
    /// The candidate with the least edit distance, if it is near enough to be a slip of the finger: at most a third of the longer name,
    /// and at least two letters. Ties go to the earlier candidate.
    public static func of(_ name: String, among candidates: [String]) -> String? {
        let wanted = name.lowercased()
        var best: (name: String, distance: Int)?
        for candidate in candidates where canBeNear(name, candidate) {
            let distance = distance(wanted, candidate.lowercased())
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(2, max(name.count, best.name.count) / 3),
            best.distance < max(name.count, best.name.count)
        else {
            return nil
        }
        return best.name
    }

    /// As `of`, for names that go on where a person stops: `quickstrat` is near the beginning of `quickstart-20260102-030405`. Of several that begin
    /// alike it is the last one.
    public static func ofBeginning(_ name: String, among candidates: [String]) -> String? {
        if let whole = of(name, among: candidates) { return whole }
        let beginnings = candidates.map { String($0.prefix(name.count)) }
        guard name.count >= 3, let near = of(name, among: beginnings) else { return nil }
        return beginnings.lastIndex(of: near).map { candidates[$0] }
    }

    /// Whether the lengths alone allow it, since each letter too many costs one: a long text is not compared letter by letter.
    private static func canBeNear(_ name: String, _ candidate: String) -> Bool {
        let (a, b) = (name.unicodeScalars.count, candidate.unicodeScalars.count)
        return abs(a - b) <= max(2, max(a, b) / 3)
    }

    /// Fewest insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment).
    public static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.unicodeScalars)
        let b = Array(second.unicodeScalars)
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
