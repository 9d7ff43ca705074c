import ArgumentParser
import Datasets
import Foundation
import Runs
import Synchronization

/// `lockstep data`: what data sets there are, where they are, and whether they are whole.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "List, fetch and verify data sets.",
        discussion: "Example:  lockstep data fetch mnist", subcommands: [List.self, Fetch.self, Verify.self])

    /// The set that the user names.
    fileprivate static func set(named name: String) throws -> KnownSet {
        do {
            return try KnownSet.named(name)
        } catch DataError.unknownSet(_, let known) {
            guard let near = NearestName.of(name, among: known) else { throw DataError.unknownSet(name: name, known: known) }
            throw UsageError("no data set is called \(name) here; did you mean \(near)?")
        }
    }

    /// Which of a set's files to use.
    struct Extra: ParsableArguments {
        @Flag(help: "With the set's largest file, which is left out otherwise (svhn: extra_32x32.mat, 1.3 GB).")
        var extra = false

        func apply(_ set: KnownSet) throws -> KnownSet {
            guard extra else { return set }
            guard !set.optional.isEmpty else {
                throw UsageError("--extra is for sets with a file that is left out otherwise, and \(set.name) has none.")
            }
            return set.withOptional
        }
    }

    struct Place: ParsableArguments {
        @Option(help: "The folder of the data sets (also LOCKSTEP_DATA; default: the cache folder).")
        var data: String?

        var directory: DataDirectory { DataDirectory(option: data) }
    }

    /// `lockstep data list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The data sets, and which of their files are here.",
            discussion: "Example:  lockstep data list")
        @OptionGroup var place: Place

        func run() throws {
            try finishing {
                let directory = place.directory
                Output.result("folder \(directory.path) (from \(directory.origin.rawValue))\n")
                let width = 2 + (KnownSet.all.map(\.name.count).max() ?? 0)
                for set in KnownSet.all {
                    Output.result("\(set.name.padding(toLength: width, withPad: " ", startingAt: 0))\(set.summary)")
                    for file in set.files {
                        let found = directory.find(file.name, of: set.name)
                        Output.result("        \(file.name)  \(found ?? "not here: lockstep data fetch \(set.name)")")
                    }
                    for file in set.optional {
                        let found = directory.find(file.name, of: set.name)
                        Output.result("        \(file.name)  \(found ?? "not here: lockstep data fetch \(set.name) --extra")")
                    }
                    if let file = set.handed {
                        let found = directory.find(file, of: set.name)
                        Output.result("        \(file)  \(found ?? "not here: put it into \(directory.path)/\(set.name)")")
                    }
                }
                return 0
            }
        }
    }

    /// `lockstep data fetch NAME`
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download a data set and check it.",
            discussion: "Example:  lockstep data fetch mnist --data /srv/data")
        @Argument(help: "mnist or svhn", completion: Completions.sets) var name: String
        @OptionGroup var extra: Extra
        @OptionGroup var place: Place

        func run() throws {
            try finishing {
                let meter = FetchMeter()
                let reports = try extra.apply(DataCommand.set(named: name)).fetch(in: place.directory) { meter.show($0) }
                meter.end()
                for report in reports {
                    switch report.outcome {
                    case .alreadyThere: Output.result("\(report.path)  already here, checked")
                    case .fetched(let mirror): Output.result("\(report.path)  fetched from \(mirror), checked")
                    }
                }
                return 0
            }
        }
    }

    /// `lockstep data verify NAME`
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a data set's files against the published SHA-256.",
            discussion: "Example:  lockstep data verify mnist")
        @Argument(help: "mnist, svhn, tfd or a built-in set", completion: Completions.verifiableSets) var name: String
        @OptionGroup var extra: Extra
        @OptionGroup var place: Place

        func run() throws {
            try finishing {
                let reports = try extra.apply(DataCommand.set(named: name)).verify(in: place.directory)
                for report in reports { Output.result("\(report)") }
                return reports.allSatisfy { $0.state == .right } ? 0 : 1
            }
        }
    }
}

/// Shows how far a download or a conversion is: one line on a terminal, nothing elsewhere.
final class FetchMeter: Sendable {
    private let onTerminal = isatty(2) != 0
    private let output = LossyOutput(descriptor: STDERR_FILENO)
    private let shown = Atomic<Bool>(false)
    /// The last percentage shown for a conversion.
    private let percent = Atomic<Int>(-1)
    private let toldDamage = Atomic<Bool>(false)

    func show(_ progress: FetchProgress) {
        guard onTerminal else { return }
        shown.store(true, ordering: .relaxed)
        let share = progress.total > 0 ? 100 * progress.received / progress.total : 0
        output.write("\r\u{1b}[K\(progress.file)  \(share) % of \(progress.total / 1000) kB")
    }

    func show(_ progress: ConversionProgress) {
        if let path = progress.damaged, !toldDamage.exchange(true, ordering: .relaxed) {
            Output.note("\(path) is damaged (its SHA-256 is another than it was written with): it is made anew; look at that disk")
        }
        let percent = Int(100 * progress.share)
        guard onTerminal, self.percent.exchange(percent, ordering: .relaxed) != percent else { return }
        shown.store(true, ordering: .relaxed)
        output.write("\r\u{1b}[K\(progress.file)  is converted once, \(percent) %")
    }

    /// Shows how far `body` is with converting files.
    static func converting<Value>(_ body: (@escaping (ConversionProgress) -> Void) throws -> Value) rethrows -> Value {
        let meter = FetchMeter()
        defer { meter.end() }
        return try body { meter.show($0) }
    }

    func end() {
        if shown.load(ordering: .relaxed) { output.write("\n") }
    }
}

/// `lockstep recipes`: what can be trained by name.
struct RecipesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes", abstract: "List the built-in recipes; with a name, print the whole file.",
        discussion: "Example:  lockstep recipes quickstart")

    @Argument(help: "A recipe's name.", completion: Completions.recipes)
    var name: String?

    func run() throws {
        try finishing {
            if let name {
                Output.result(try Recipes.named(name).text)
            } else {
                list()
            }
            return 0
        }
    }

    private func list() {
        let width = Recipes.all.map(\.name.count).max() ?? 0
        for (index, group) in Recipes.groups.enumerated() {
            Output.result("\(index > 0 ? "\n" : "")\(group.heading):")
            for recipe in group.recipes {
                Output.result("  \(recipe.name.padding(toLength: width + 2, withPad: " ", startingAt: 0))\(recipe.summary)")
            }
        }
    }
}
