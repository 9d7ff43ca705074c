extension Setting {
    /// Keys whose change makes a mapping start anew, and which of its other keys outlive that: those every kind has.
    private static let switches: [(key: String, survivors: Set<String>)] = [
        ("kind", ["warm_up"]),
        ("optimizer", ["schedule"]),
        ("set", ["train", "validation", "folder"]),
    ]

    /// This tree with another laid over it: mappings key by key, everything else as a whole.
    ///
    /// Where the upper one changes a mapping's kind, the values of the lower one's kind go: `prior.kind=swiss-roll` over
    /// `{kind: gaussian, std: 5}` must not leave a `std` behind. Likewise `epochs` in the upper one takes away a lower `steps`.
    func overlaid(by upper: Setting) -> Setting {
        guard var lower = entries, let above = upper.entries else { return upper }
        for (key, survivors) in Self.switches {
            guard let old = self[key]?.scalarText, let new = upper[key]?.scalarText, old != new else { continue }
            lower.removeAll { $0.key != key && (!survivors.contains($0.key) || (key == "set" && $0.value.isOfRecipe)) }
        }
        for entry in above {
            if let index = lower.firstIndex(where: { $0.key == entry.key }) {
                lower[index] = Entry(
                    key: entry.key, keyOrigin: entry.keyOrigin, value: lower[index].value.overlaid(by: entry.value))
            } else {
                lower.append(entry)
            }
        }
        return Setting(content: .mapping(lower), origin: origin)
    }

    /// The root laid over by a whole layer.
    func layered(with layer: Setting) -> Setting {
        guard layer.contains("epochs"), !layer.contains("steps") else { return overlaid(by: layer) }
        return without("steps").overlaid(by: layer)
    }

    /// The mapping but for one of its keys.
    func without(_ key: String) -> Setting {
        guard let entries else { return self }
        return Setting(content: .mapping(entries.filter { $0.key != key }), origin: origin)
    }

    /// Sizes that a recipe gives are those of its own data set; those that a person gave hold for another set too.
    private var isOfRecipe: Bool {
        guard case .recipe = origin else { return false }
        return true
    }

    private var scalarText: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }
}
