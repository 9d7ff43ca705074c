import Foundation

/// Runs that differ in their seed alone, beside each other: the held-out figures of each one's last epoch, their mean and their spread.
public struct SeedTable: Sendable {
    /// One run.
    public struct Row: Sendable {
        public var seed: UInt64
        /// Its folder.
        public var run: String
        /// Steps done.
        public var step: UInt64
        /// Of the parameters, 64 hexadecimal digits.
        public var digest: String
        /// Nil where the run has taken none.
        public var last: LastFigures?

        public init(seed: UInt64, run: String, step: UInt64, digest: String, last: LastFigures?) {
            self.seed = seed
            self.run = run
            self.step = step
            self.digest = digest
            self.last = last
        }
    }

    public let rows: [Row]
    /// The columns: every figure that any of the runs has, in the order in which they are met.
    private let columns: [[String]]

    public init(_ rows: [Row]) {
        self.rows = rows
        columns = rows.flatMap { $0.last?.figures.map(\.path) ?? [] }.reduce(into: []) { seen, path in
            if !seen.contains(path) { seen.append(path) }
        }
    }

    /// Mean of a figure over the seeds; nil where one of them lacks it, since a mean of fewer would pass for one of all.
    public func mean(of name: String) -> Double? {
        values(of: name).map { $0.reduce(0, +) / Double($0.count) }
    }

    /// Standard deviation of the sample, over n − 1; nil of one seed alone, and where one of them lacks the figure.
    public func std(of name: String) -> Double? {
        guard let values = values(of: name), values.count > 1, let mean = mean(of: name) else { return nil }
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    private func values(of name: String) -> [Double]? {
        let values = rows.compactMap { $0.last?[name] }
        return values.isEmpty || values.count < rows.count ? nil : values
    }

    /// What to know before believing the mean: figures that are missing, or of unlike epochs; nil where nothing is.
    public var warning: String? {
        let without = rows.filter { $0.last == nil }.map { "\($0.seed)" }
        guard without.count < rows.count else {
            return "warning: there are no held-out figures to compare, since none were taken (evaluate.every_epochs)"
        }
        if !without.isEmpty {
            return
                "warning: there are no held-out figures of seed \(without.joined(separator: ", ")), so that no mean is of all seeds"
        }
        guard Set(rows.map { $0.last?.epoch }).count > 1 else { return nil }
        return "warning: the last held-out figures are of unlike epochs (column epoch), and their mean is of no one moment"
    }

    /// A row a seed, then `mean` and `± std`; columns as wide as their widest entry, no line's end has spaces.
    public var text: String {
        let names = columns.map { $0.joined(separator: ".") }
        func line(_ title: String, _ epoch: String, _ value: (String) -> Double?) -> [String] {
            [title, epoch] + names.map { value($0).map(Self.short) ?? "-" }
        }
        var lines = [["seed", "epoch"] + names.map(HeldOutNames.words)]
        lines += rows.map { row in line("\(row.seed)", row.last.map { "\($0.epoch)" } ?? "-") { row.last?[$0] } }
        lines.append(line("mean", "", mean))
        if rows.count > 1 { lines.append(line("± std", "", std)) }
        return TextTable(lines, leading: [0]).lines.joined(separator: "\n")
    }

    /// `{"seeds":[{"seed","run","step","digest","epoch","validation"}],"mean":{…},"std":{…}}`: `mean` and `std` are shaped like `validation`.
    public var json: JSON {
        let seeds = rows.map { row in
            JSON.object(
                [
                    .init("seed", .unsigned(row.seed)), .init("run", .string(row.run)), .init("step", .unsigned(row.step)),
                    .init("digest", .string(row.digest)),
                ] + (row.last.map { [.init("epoch", JSON($0.epoch)), .init("validation", $0.figures.json)] } ?? []))
        }
        var members: [JSON.Member] = [.init("seeds", .array(seeds)), .init("mean", json(mean))]
        if rows.count > 1 { members.append(.init("std", json(std))) }
        return .object(members)
    }

    private func json(_ value: (String) -> Double?) -> JSON {
        columns.compactMap { path in
            value(path.joined(separator: ".")).map { LastFigures.Figure(path: path, value: $0) }
        }.json
    }

    /// Five significant digits; those of the JSON are all there are.
    private static func short(_ value: Double) -> String { value.isNaN ? "nan" : String(format: "%.5g", value) }
}
