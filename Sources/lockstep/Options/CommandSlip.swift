import ArgumentParser
import Runs

/// A slip in the name of a subcommand. The parser would only print the usage, so this looks for the slip before.
enum CommandSlip {
    /// What to tell a user who typed `arguments` after the command's name; `nil` where every name is right.
    static func sentence(_ arguments: [String], of root: any ParsableCommand.Type = Lockstep.self) -> String? {
        var command = root
        var typed = "lockstep"
        for argument in arguments {
            let subcommands = command.configuration.subcommands
            guard !argument.hasPrefix("-") else { return nil }
            guard !subcommands.isEmpty else { return recipe(argument, behind: command, typed) }
            // `help` belongs to the parser, and a command's name follows it.
            if argument == "help" { continue }
            guard let next = subcommands.first(where: { $0._commandName == argument }) else {
                let names = subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
                return "there is no command \(typed) \(argument); "
                    + (NearestName.of(argument, among: names).map { "did you mean \(typed) \($0)?" }
                        ?? "there are \(names.joined(separator: ", ")) (see \(typed) --help)")
            }
            command = next
            typed += " \(argument)"
        }
        return nil
    }

    /// Commands that begin a run: they take its recipe by a flag, and have no positional arguments.
    private static let beginners: [any ParsableCommand.Type] = [
        Train.self, Coordinate.self, Launch.self, BenchStep.self, BenchCodec.self,
    ]

    private static func recipe(_ word: String, behind command: any ParsableCommand.Type, _ typed: String) -> String? {
        guard beginners.contains(where: { $0 == command }), let near = NearestName.of(word, among: Recipes.all.map(\.name)) else {
            return nil
        }
        return "\(typed) is given a recipe by a flag; did you mean \(typed) --recipe \(near)?"
    }
}
