import Autoencoder

/// A composition in lines of a fixed width font.
extension CompositionDrawing {
    /// The whole of it, a block for each kind of part.
    public var lines: [String] {
        let blocks = [flowLines, networkLines, adversaryLines, phaseLines].filter { !$0.isEmpty }
        return ["variant      \(variant.rawValue)"] + blocks.flatMap { [""] + $0 }
    }

    private var flowLines: [String] { flows.map { row([$0.name, $0.parts.joined(separator: " -> ")], widths: [13]) } }

    private var networkLines: [String] {
        let rows = networks.map { network in
            [network.name, network.widths.map(String.init).joined(separator: "-"), NumberText.grouped(network.parameters)]
                + (network.details.isEmpty ? [] : [network.details.joined(separator: ", ")])
        }
        return table(
            ["network", "widths", "parameters"], rows + [["all", "", NumberText.grouped(parameters)]], rightAligned: [2])
    }

    private var adversaryLines: [String] {
        guard !adversaries.isEmpty else { return [] }
        let rows = adversaries.map { adversary in
            [adversary.name, adversary.real, adversary.fake]
                + (adversary.details.isEmpty ? [] : [adversary.details.joined(separator: ", ")])
        }
        return table(["adversary", "real", "fake"], rows)
    }

    /// Terms as a person calls them: metrics say `label` of clusters too.
    private func words(of terms: [String]) -> String {
        let isClustered = heads.contains { $0.name == "cluster" }
        return terms.map { $0 == "label" && isClustered ? "cluster" : $0 }.joined(separator: " + ")
    }

    private var phaseLines: [String] {
        let rows = phases.map { phase in
            [
                phase.name, "\(phase.minibatch) \(phase.stream == .images ? "images" : "labelled")",
                phase.changes.joined(separator: ", "), words(of: phase.terms), "\(phase.exchanges)",
            ]
        }
        let total = ["a step", "", "", "", "\(exchanges)"]
        return table(["phase", "minibatch", "changes", "loss", "exchanges"], rows + [total], rightAligned: [4])
    }

    /// Columns as wide as their widest entry; a row may be longer than the heads.
    private func table(_ heads: [String], _ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
        let all = [heads] + rows
        let columns = all.map(\.count).max() ?? 0
        // The first is no narrower than the names above the table.
        var widths = [Int](repeating: 0, count: columns)
        widths[0] = 11
        for entries in all {
            for (column, entry) in entries.enumerated() { widths[column] = max(widths[column], entry.count) }
        }
        return all.map { entries in
            let padded = entries.enumerated().map { column, entry in
                let blank = String(repeating: " ", count: widths[column] - entry.count)
                return rightAligned.contains(column) ? blank + entry : entry + blank
            }
            return padded.joined(separator: "  ").trimmingTrailingSpaces
        }
    }

    private func row(_ entries: [String], widths: [Int]) -> String {
        zip(entries, widths + [0]).map { entry, width in
            entry + String(repeating: " ", count: max(0, width - entry.count))
        }.joined()
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
