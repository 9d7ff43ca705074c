extension Setting {
    /// A mapping as YAML: a line a key, small mappings within braces on that line, large ones indented below it.
    func yaml(indent: Int = 0) -> String {
        let margin = String(repeating: " ", count: indent)
        return (entries ?? []).reduce(into: "") { text, entry in
            if entry.value.height >= Self.heightOfBlocks {
                text += "\(margin)\(entry.key):\n" + entry.value.yaml(indent: indent + 2)
            } else {
                text += "\(margin)\(entry.key): \(entry.value.flow)\n"
            }
        }
    }

    /// `phases` has mappings of mappings and is written as a block; everything lower fits a line.
    private static let heightOfBlocks = 3

    /// The value on one line. Also the canonical form by which settings are compared.
    var flow: String {
        switch content {
        case .scalar(let text, let isQuoted): isQuoted ? JSON.string(text).text : text
        case .list(let values): "[" + values.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let entries): "{" + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }

    /// Mappings within mappings.
    private var height: Int {
        guard let entries else { return 0 }
        return 1 + (entries.map(\.value.height).max() ?? 0)
    }
}
