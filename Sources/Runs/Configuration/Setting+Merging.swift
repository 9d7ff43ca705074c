import Autoencoder

extension Setting {
    /// Keys whose change makes a mapping start anew, and the other keys that survive it because every kind has them.
    private static let switches: [(key: String, survivors: Set<String>)] = [
        ("kind", ["warm_up"]),
        ("optimizer", ["schedule"]),
        ("set", ["train", "validation", "folder", "standardise"]),
    ]

    /// This tree with another laid over it: mappings key by key, everything else as a whole.
    ///
    /// Where the upper one changes a mapping's kind, the values of the lower one's kind go: `prior.kind=swiss-roll` over
    /// `{kind: gaussian, std: 5}` must not leave a `std` behind. Likewise `epochs` in the upper one takes away a lower `steps`.
    func overlaid(by upper: Setting) -> Setting {
        guard var lower = entries, let above = upper.entries else { return upper }
        for (key, survivors) in Self.switches {
            guard let old = self[key]?.scalarText, let new = upper[key]?.scalarText, old != new else { continue }
            // Sizes from a recipe belong to its own set and go; `standardise` belongs to its networks and stays.
            lower.removeAll {
                $0.key != key && (!survivors.contains($0.key) || (key == "set" && $0.key != "standardise" && $0.value.isOfRecipe))
            }
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

    /// The root with a whole layer laid over it. A layer with another variant keeps of the root only what both variants have, without settings
    /// whose usual values differ between them. Labels take the place of clusters.
    func layered(with layer: Setting) -> Setting {
        var lower = self
        let (old, new) = (variant ?? .basic, layer.variant ?? variant ?? .basic)
        let isLabelled = layer.contains("labels")
        if new != old {
            var own: Set<VariantSetting> = [.posterior, .labels]
            if new.usualCost != old.usualCost { own.insert(.cost) }
            lower = lower.without(new.foreignKeys(isLabelled: isLabelled).union(own.map(\.rawValue)))
        } else if isLabelled, !contains("labels") {
            lower = lower.without(new.foreignKeys(isLabelled: true))
        }
        if layer.contains("epochs"), !layer.contains("steps") { lower = lower.without(["steps"]) }
        return lower.overlaid(by: layer)
    }

    private var variant: Variant? { self["variant"]?.scalarText.flatMap(Variant.init) }

    /// The mapping without some of its keys, dotted ones too, and without mappings that become empty.
    func without(_ keys: Set<String>) -> Setting {
        guard !keys.isEmpty, let entries else { return self }
        let left = entries.compactMap { entry -> Entry? in
            guard !keys.contains(entry.key) else { return nil }
            let below = Set(keys.filter { $0.hasPrefix(entry.key + ".") }.map { String($0.dropFirst(entry.key.count + 1)) })
            let value = entry.value.without(below)
            let isEmptied = value.entries?.isEmpty == true && entry.value.entries?.isEmpty == false
            return isEmptied ? nil : Entry(key: entry.key, keyOrigin: entry.keyOrigin, value: value)
        }
        return Setting(content: .mapping(left), origin: origin)
    }

    /// Whether a recipe gave it. Sizes from a recipe are for its own data set; those from a person hold for another set too.
    private var isOfRecipe: Bool {
        guard case .recipe = origin else { return false }
        return true
    }

    private var scalarText: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }
}

extension Variant {
    /// Keys that a configuration of another variant may have and that mean nothing for this one, as long as it has only its usual parts, or these
    /// and labels.
    fileprivate func foreignKeys(isLabelled: Bool) -> Set<String> {
        var parts = usualParts
        if isLabelled, has(.labels) { parts.labels = LabelSettings() }
        let lacking = VariantSetting.allCases.filter { lack(of: $0, with: parts) != nil }.map(\.rawValue)
        let phases = Self.everyPhase.filter { !phaseNames(parts).contains($0) }.map { "phases.\($0)" }
        return Set(lacking + phases)
    }
}
