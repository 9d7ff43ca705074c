extension String {
    /// The text as one line that a terminal can show. What a terminal could act on (control and format characters, line ends, directions
    /// of writing) becomes an escape, and there are no more than `limit` characters.
    package func printable(_ limit: Int) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return self }
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else { return text + "…" }
            count += 1
            switch scalar {
            case "\n": text += "\\n"
            case "\t": text += " "
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                    text += "\\u{\(String(scalar.value, radix: 16))}"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}
