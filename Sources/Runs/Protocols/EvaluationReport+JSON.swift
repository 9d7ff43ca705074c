// An evaluation for scripts, and what becomes of figures that stood in its file.

extension EvaluationReport {
    /// - Parameter older: what stands in the file. If it is of the same weights, images and seed, figures that were not taken anew stay, and so
    ///   does a Parzen figure of more samples.
    public func json(keeping older: JSON? = nil) -> JSON {
        var figures: [JSON.Member] = []
        if let older, EvaluationHead(older)?.isOfSame(head) == true { figures = Self.figures(of: older) }
        let more = Self.parzenSamples(.object(figures)) ?? 0
        for result in results where more <= Self.parzenSamples(.object(result.members)) ?? more {
            figures = Self.joined(Self.without(Self.keys(of: result.name), figures), result.members)
        }
        let missing = missing.filter { name in
            !Self.keys(of: name).contains { Self.value($0, in: .object(figures)) != nil }
        }
        let end = missing.isEmpty ? [] : [JSON.Member("missing", .array(missing.map { .string($0) }))]
        return .object(head.members + figures + end)
    }

    /// What is to be said where figures join those of a file.
    func notes(joining older: JSON) -> [String] {
        let own = json()
        var notes: [String] = []
        if let kept = Self.parzenSamples(older), let samples = Self.parzenSamples(own), samples < kept {
            let (more, fewer) = (NumberText.grouped(kept), NumberText.grouped(samples))
            notes.append("Parzen: the file keeps its figure of \(more) samples, and this one is of \(fewer)")
        }
        let isNew = results.contains { ["parzen", "importance"].contains($0.name) }
        if isNew, ImportanceProtocol.warning(of: own) == nil,
            let warning = ImportanceProtocol.warning(of: json(keeping: older))
        {
            notes.append(warning)
        }
        return notes
    }

    /// The figures of two files of the same weights, images and seed. Where both have a figure, the first file's is taken, but of Parzen figures
    /// the one of more samples.
    static func joined(_ one: JSON, to other: JSON) -> JSON {
        let (own, there) = (figures(of: one), figures(of: other))
        let parzen = keys(of: "parzen")
        let isLess = parzenSamples(one) ?? 0 < parzenSamples(other) ?? 0
        let figures =
            isLess
            ? joined(there, without(parzen, own)) : joined(parzenSamples(one) == nil ? there : without(parzen, there), own)
        return .object((one.members ?? []).filter { EvaluationHead.keys.contains($0.key) } + figures)
    }

    /// All that is neither of the head nor a list of what is missing.
    private static func figures(of json: JSON) -> [JSON.Member] {
        (json.members ?? []).filter { !(EvaluationHead.keys + ["missing"]).contains($0.key) }
    }

    private static func parzenSamples(_ json: JSON) -> Int? { value("parzen.samples", in: json)?.intValue }

    private static func keys(of name: String) -> [String] {
        EvaluationProtocols.all.first { $0.name == name }?.keys ?? []
    }

    /// Without the values at some paths, and without what is empty then.
    private static func without(_ paths: [String], _ members: [JSON.Member], below: String = "") -> [JSON.Member] {
        members.compactMap { member in
            let path = below + member.key
            if paths.contains(path) { return nil }
            guard let inner = member.value.members, !inner.isEmpty else { return member }
            let left = without(paths, inner, below: path + ".")
            return left.isEmpty ? nil : JSON.Member(member.key, .object(left))
        }
    }

    /// Objects of one key become one; of other values the newer counts.
    private static func joined(_ older: [JSON.Member], _ newer: [JSON.Member]) -> [JSON.Member] {
        var joined = older
        for member in newer {
            guard let place = joined.firstIndex(where: { $0.key == member.key }) else {
                joined.append(member)
                continue
            }
            if let before = joined[place].value.members, let now = member.value.members {
                joined[place].value = .object(Self.joined(before, now))
            } else {
                joined[place].value = member.value
            }
        }
        return joined
    }

    /// The value at a path.
    static func value(_ path: String, in json: JSON) -> JSON? {
        path.split(separator: ".").reduce(json as JSON?) { $0?[String($1)] }
    }
}
