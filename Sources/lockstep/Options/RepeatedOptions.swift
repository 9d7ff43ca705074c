import ArgumentParser

/// Options that stand more than once on a command line. The parser silently takes the last one. That is right for a user who adds a flag to a
/// line that has it already, and a surprise for one who means a list.
enum RepeatedOptions {
    /// What to tell of `arguments` after the command's name: a sentence for each option whose last value replaces another one. Values of
    /// `--set` add up, key by key, and so do those of `--vary`.
    static func sentences(_ arguments: [String], of root: any ParsableCommand.Type = Lockstep.self) -> [String] {
        let (command, words) = command(arguments, of: root)
        let occurrences = occurrences(words, in: command)
        var names: [String] = []
        for (name, _) in occurrences where !names.contains(name) { names.append(name) }
        return names.compactMap { name in
            let values = occurrences.filter { $0.name == name }.map(\.value)
            guard let last = values.last, let other = values.last(where: { $0 != last }) else { return nil }
            return "\(name) is given more than once, of which the last one counts: \(last), and not \(other)"
        }
    }

    /// The subcommand that the first words name, and the words after them.
    private static func command(
        _ arguments: [String], of root: any ParsableCommand.Type
    ) -> (any ParsableCommand.Type, ArraySlice<String>) {
        var (command, words) = (root, arguments[...])
        while let word = words.first, let next = command.configuration.subcommands.first(where: { $0._commandName == word }) {
            (command, words) = (next, words.dropFirst())
        }
        return (command, words)
    }

    /// Every option with its value, in order, by its long name; for `--set` by the key as well. Without `--vary`, which refuses a repeated key.
    private static func occurrences(
        _ words: ArraySlice<String>, in command: any ParsableCommand.Type
    ) -> [(name: String, value: String)] {
        let dashed = words.prefix { $0 != "--" }.filter { $0.hasPrefix("-") }.map(optionName)
        // Most lines repeat nothing, and then the command's help need not be read.
        guard Set(dashed).count < dashed.count || dashed.contains("-H") else { return [] }
        let names = optionNames(of: command)
        var found: [(name: String, value: String)] = []
        var rest = words
        while let word = rest.popFirst(), word != "--" {
            guard let name = names[optionName(word)] else { continue }
            let attached = word.firstIndex(of: "=").map { String(word[word.index(after: $0)...]) }
            guard let value = attached ?? rest.popFirst() else { break }
            if name == "--vary" { continue }
            if name == "--set" {
                let key = value.prefix { $0 != "=" }
                found.append(("--set \(key)", String(value.dropFirst(key.count + 1))))
            } else {
                found.append((name, value))
            }
        }
        return found
    }

    private static func optionName(_ word: String) -> String { String(word.prefix { $0 != "=" }) }

    /// The options of a command that have a value, each under all of its names, as its help lists them; hidden options are not among them.
    private static func optionNames(of command: any ParsableCommand.Type) -> [String: String] {
        var names: [String: String] = [:]
        for line in Lockstep.helpMessage(for: command, columns: 200).split(separator: "\n") {
            guard let match = line.firstMatch(of: #/^ +(?:(-\w), )?(--[\w-]+) </#) else { continue }
            let long = String(match.2)
            names[long] = long
            if let short = match.1 { names[String(short)] = long }
        }
        return names
    }
}
