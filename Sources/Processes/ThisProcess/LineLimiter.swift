import Waiting

/// Holds back lines that repeat: of each kind it admits a few at once, then one every ten seconds that says how many were left out.
///
/// Two lines are of the same kind where they differ only in numbers: so a worker that comes and goes five hundred times a second, each
/// time with another number, does not fill a disk.
struct LineLimiter {
    private struct Kind {
        var tokens: Double
        var at: Duration
        var leftOut = 0
    }

    private static let burst = 100.0
    private static let every: Duration = .seconds(10)
    /// How many kinds are remembered; all lines beyond them are one kind.
    private static let capacity = 256

    private var kinds: [String: Kind] = [:]

    /// The line as it is to be printed now, or nil.
    mutating func admit(_ line: String, at now: Duration) -> String? {
        var key = String(line.unicodeScalars.filter { !("0"..."9").contains($0) })
        if kinds[key] == nil, kinds.count >= Self.capacity {
            kinds = kinds.filter { now - $0.value.at < Self.every * 6 }
            if kinds.count >= Self.capacity { key = "" }
        }
        var kind = kinds[key] ?? Kind(tokens: Self.burst, at: now)
        kind.tokens = min(Self.burst, kind.tokens + (now - kind.at).seconds / Self.every.seconds)
        kind.at = now
        defer { kinds[key] = kind }
        guard kind.tokens >= 1 else {
            kind.leftOut += 1
            return nil
        }
        kind.tokens -= 1
        defer { kind.leftOut = 0 }
        return kind.leftOut == 0 ? line : "\(line) (\(kind.leftOut) lines like it were left out)"
    }
}
