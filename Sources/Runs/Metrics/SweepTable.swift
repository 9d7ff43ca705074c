/// Runs that differ in their seeds or in a few settings, beside each other: the held-out figures of each one's last epoch, with mean and spread over
/// seeds where nothing else differs.
public struct SweepTable: Sendable {
    /// One run.
    public struct Row: Sendable {
        /// It has the same axes in all rows.
        public var point: SweepPoint
        /// Its folder.
        public var run: String
        /// Steps done.
        public var step: UInt64
        /// Of the parameters, 64 hexadecimal digits.
        public var digest: String
        /// Nil where the run has taken none.
        public var last: LastFigures?

        public init(_ point: SweepPoint, run: String, step: UInt64, digest: String, last: LastFigures?) {
            self.point = point
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

    /// Rows that differ in their seed alone, in the order in which they are met.
    private var groups: [SweepTable] {
        var keys: [[SweepPoint.Assignment]] = []
        for row in rows where !keys.contains(row.point.settings) { keys.append(row.point.settings) }
        return keys.map { key in SweepTable(rows.filter { $0.point.settings == key }) }
    }

    private var hasSeeds: Bool { rows.contains { $0.point.seed != nil } }

    /// The mean of a figure over the seeds of one group; nil where one of them lacks it, since a mean of fewer would be taken for one of all.
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

    /// What to know before believing the table: figures that are missing, or are of different epochs; nil where there is nothing to warn of.
    public var warning: String? {
        let without = rows.filter { $0.last == nil }.map(\.point.words)
        guard without.count < rows.count else {
            return "warning: there are no held-out figures to compare, since none were taken (evaluate.every_epochs)"
        }
        if !without.isEmpty {
            return
                "warning: there are no held-out figures of \(without.joined(separator: "; "))\(hasSeeds ? ", so that no mean is of all seeds" : "")"
        }
        guard Set(rows.map { $0.last?.epoch }).count > 1 else { return nil }
        return
            "warning: the last held-out figures are of unlike epochs (column epoch)\(hasSeeds ? ", and their mean is of no one moment" : "")"
    }

    /// A row for each run, and below runs of the same settings `mean` and `± std` where there are seeds. Columns are as wide as their widest
    /// entry, and no line ends with spaces.
    public var text: String {
        let axes = rows.first?.point.settings.map(\.key) ?? []
        let titles = axes + (hasSeeds ? ["seed"] : [])
        let names = columns.map { $0.joined(separator: ".") }
        var lines = [titles + ["epoch"] + names.map(HeldOutNames.words)]
        for group in groups {
            let settings = group.rows[0].point.settings.map(\.value)
            func line(_ seed: String?, _ epoch: String, _ value: (String) -> Double?) -> [String] {
                settings + (hasSeeds ? [seed ?? "-"] : []) + [epoch] + names.map { value($0).map(LastFigures.short) ?? "-" }
            }
            lines += group.rows.map { row in
                line(row.point.seed.map { "\($0)" }, row.last.map { "\($0.epoch)" } ?? "-") { row.last?[$0] }
            }
            guard hasSeeds else { continue }
            lines.append(line("mean", "", group.mean))
            if group.rows.count > 1 { lines.append(line("± std", "", group.std)) }
        }
        return TextTable(lines, leading: Set(titles.indices)).lines.joined(separator: "\n")
    }

    /// Of seeds alone `{"seeds":[{"seed","run","step","digest","epoch","validation"}],"mean":{…},"std":{…}}`: `mean` and `std` are shaped like
    /// `validation`. Where settings vary, `{"runs":[{"set":{KEY:VALUE},…}]}`, and with seeds too `"groups":[{"set","mean","std"}]`.
    public var json: JSON {
        let variesSettings = rows.contains { !$0.point.settings.isEmpty }
        let runs = rows.map { row in
            var members: [JSON.Member] = variesSettings ? [.init("set", row.point.json)] : []
            if let seed = row.point.seed { members.append(.init("seed", .unsigned(seed))) }
            members += [.init("run", .string(row.run)), .init("step", .unsigned(row.step)), .init("digest", .string(row.digest))]
            if let last = row.last { members += [.init("epoch", JSON(last.epoch)), .init("validation", last.figures.json)] }
            return JSON.object(members)
        }
        guard variesSettings else { return .object([.init("seeds", .array(runs))] + statistics) }
        let groups = groups.map { JSON.object([.init("set", $0.rows[0].point.json)] + $0.statistics) }
        return .object([.init("runs", .array(runs))] + (hasSeeds ? [.init("groups", .array(groups))] : []))
    }

    /// Of one group.
    private var statistics: [JSON.Member] {
        [.init("mean", json(mean))] + (rows.count > 1 ? [.init("std", json(std))] : [])
    }

    private func json(_ value: (String) -> Double?) -> JSON {
        columns.compactMap { path in
            value(path.joined(separator: ".")).map { LastFigures.Figure(path: path, value: $0) }
        }.json
    }
}
