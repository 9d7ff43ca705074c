import ArgumentParser
import Collectives
import Control
import Datasets
import Foundation
import Kernels
import Processes
import Runs
import Waiting
import Wire

/// The settings of a run that have a flag of their own.
struct SettingOptions: ParsableArguments {
    @Option(help: "A built-in recipe (see `lockstep recipes`; also LOCKSTEP_RECIPE).", completion: Completions.recipes)
    var recipe: String?

    @Option(
        help: "A recipe in a file (YAML); what it leaves out is the quickstart's, or that of --recipe.",
        completion: Completions.yaml)
    var config: String?

    @Option(help: "Where data sets are found (also LOCKSTEP_DATA; default: the cache folder).", completion: .directory)
    var data: String?

    @Option(help: "End the run after so many steps, before its epochs are over or later; schedules follow the epochs.")
    var steps: Int?

    @Option(help: "How many epochs the run has; schedules that are parts of its length go with it.")
    var epochs: Int?

    @Option(help: "Global minibatch.")
    var minibatch: Int?

    @Option(help: "Seed of weights, order and noise.")
    var seed: UInt64?

    @Option(help: "Bits a shard's gradient keeps: full, 24, 16, 12 or 8.")
    var gradientBits: String?

    @Option(
        help: "Who computes products: portable (our own: the same bits on every CPU) or openblas.", completion: Completions.engines
    )
    var engine: String?

    @Option(help: "Operands of products while it trains: fp32 or bf16.", completion: Completions.precisions)
    var precision: String?

    @Option(help: "Kernel family of the engine openblas: auto, haswell, skylakex, …", completion: Completions.kernels)
    var kernel: String?

    @Option(
        name: .customLong("set"), help: "Any setting: KEY=VALUE, for example model.code=8. May be repeated.",
        completion: Completions.settings)
    var sets: [String] = []

    /// The settings named on the command line, highest layer.
    var flags: [FlagSetting] {
        [
            minibatch.map { FlagSetting(flag: "--minibatch", key: "minibatch", value: "\($0)") },
            seed.map { FlagSetting(flag: "--seed", key: "seed", value: "\($0)") },
            gradientBits.map { FlagSetting(flag: "--gradient-bits", key: "gradient_bits", value: $0) },
            engine.map { FlagSetting(flag: "--engine", key: "engine", value: $0) },
            precision.map { FlagSetting(flag: "--precision", key: "precision", value: $0) },
            kernel.map { FlagSetting(flag: "--kernel", key: "kernel", value: $0) },
            epochs.map { FlagSetting(flag: "--epochs", key: "epochs", value: "\($0)") },
            steps.map { FlagSetting(flag: "--steps", key: "steps", value: "\($0)") },
        ].compactMap(\.self)
    }

    /// Whether nothing on the command line says what the run is.
    var isEmpty: Bool { recipe == nil && config == nil && sets.isEmpty && flags.isEmpty }

    /// The options as another process of this program understands them, without the step that ends the run. The epochs stay, since
    /// schedules may depend on them.
    var argumentsWithoutSteps: [String] {
        let named = [("--recipe", recipe), ("--config", config), ("--data", data)].flatMap { flag, value in
            value.map { [flag, $0] } ?? []
        }
        return named + sets.flatMap { ["--set", $0] } + flags.filter { $0.key != "steps" }.flatMap { [$0.flag, $0.value] }
    }

    /// The step that ends the run, where one was given, as another process understands it.
    var stepsArguments: [String] { flags.filter { $0.key == "steps" }.flatMap { [$0.flag, $0.value] } }

    /// The effective configuration: flag over --set over environment over file over recipe; the kernel resolved. Where no threads of a worker are
    /// given, they are all cores.
    ///
    /// - Parameters:
    ///   - base: a run's configuration, which these settings override.
    ///   - run: the run's name.
    func configuration(base: Configuration? = nil, run: String = "") throws -> Configuration {
        try crewed(nil, base: base, run: run).configuration
    }

    /// The same for a run on this machine, and its workers; the threads are those of each.
    ///
    /// - Parameters:
    ///   - varied: settings of one run of a sweep, which override all others.
    ///   - atOnce: how many runs share the machine.
    func crewed(
        _ spread: SpreadOptions?, base: Configuration? = nil, run: String = "", varied: [FlagSetting] = [], atOnce: Int = 1
    ) throws -> (configuration: Configuration, crew: Crew) {
        let environment = ProcessInfo.processInfo.environment
        if let config {
            do { try KeptInput.keep(config, limit: Configuration.maximumBytes) } catch {
                throw UsageError("--config \(config) cannot be read: \(error)")
            }
        }
        let named = config == nil && base == nil ? recipe ?? environment["LOCKSTEP_RECIPE"] : recipe
        var sources = ConfigurationSources(
            recipe: named, file: config, environment: environment, sets: sets,
            flags: flags + varied + (spread?.threads.map { [FlagSetting(flag: "--threads", key: "threads", value: "\($0)")] } ?? [])
        )
        sources.base = base
        try Configuration.requireVariant(of: sources, run: run)
        var configuration = try Configuration.load(sources)
        if configuration.engine == .openblas {
            configuration.kernel = try KernelFamily.named(configuration.kernel).rawValue
        } else if !configuration.engine.isSupported {
            throw UsageError("the engine portable needs AVX2 and FMA, which this CPU does not have: take --engine openblas")
        }
        let threads = try Configuration.isGiven("threads", in: sources) ? configuration.threads : nil
        let one = WorkerCount.range(WorkerRange(bounds: 1...1))
        let asked = spread.map(\.workers) ?? one
        let crew = Crew(asked, threads: threads, shards: configuration.shards, sharedBy: atOnce)
        configuration.threads = crew.threads
        return (configuration, crew)
    }
}

/// How a run is spread over processes: none of it changes bits.
struct SpreadOptions: ParsableArguments {
    @Option(
        help: "Number of workers: auto (by the machine's memory nodes, all cores taken), N or MIN:MAX (also LOCKSTEP_WORKERS).")
    var workers = environment("LOCKSTEP_WORKERS") ?? WorkerCount.auto

    @Option(help: "Compute threads of a worker (default: cores / workers).")
    var threads: Int?

    @OptionGroup var exchange: ExchangeOptions

    /// The options as another process of this command understands them.
    var arguments: [String] { ["--workers", workers.defaultValueDescription] + exchange.arguments }

    func validate() throws {
        try ThreadFlag.check(threads)
    }
}

/// How workers exchange their gradients.
struct ExchangeOptions: ParsableArguments {
    @Option(help: "How workers sum: ring or server (also LOCKSTEP_TOPOLOGY).")
    var topology = environment("LOCKSTEP_TOPOLOGY") ?? Topology.ring

    @Option(help: "Summation servers in processes of their own, for topology server; 0: the coordinator sums.")
    var servers = 0

    @Option(help: "Packing on the wire: off, auto, zstd or entropy (also LOCKSTEP_COMPRESSION).")
    var compression = environment("LOCKSTEP_COMPRESSION") ?? Compression.auto

    @Flag(help: "Accept workers whose products differ; the weights then depend on who computed what.")
    var allowMixedKernels = false

    func validate() throws {
        try ServerCount.check(servers)
        guard servers == 0 || topology == .server else {
            throw ValidationError("--servers is about --topology server; this is --topology \(topology.rawValue)")
        }
    }

    /// The options as a child understands them.
    var arguments: [String] {
        ["--topology", topology.rawValue, "--compression", compression.rawValue] + (servers > 0 ? ["--servers", "\(servers)"] : [])
            + (allowMixedKernels ? ["--allow-mixed-kernels"] : [])
    }
}

/// Who may take part.
struct AccessOptions: ParsableArguments {
    @Option(
        help: "File with the secret that coordinator and workers prove to each other to know; one line, readable by you alone.",
        completion: .file())
    var tokenFile: String?

    @Flag(help: "Talk to other hosts without a token. Only on a network you trust.")
    var insecure = false

    /// Where a parent has put the token; not for users.
    @Option(help: .hidden)
    var tokenDescriptor: Int32?

    func validate() throws {
        if insecure, tokenFile != nil { throw ValidationError("--insecure and --token-file exclude each other") }
    }

    /// The token of the file, read once, or the one that this process's parent has handed down.
    func token() throws -> Token? {
        do {
            if let tokenDescriptor { return try Token(descriptor: tokenDescriptor) }
            return try tokenFile.map { try Token(file: $0) }
        } catch {
            throw UsageError("\(error)")
        }
    }

    /// For an address off loopback, the user must give a token or say that the network is trusted.
    ///
    /// - Returns: the address to use. A name that passes only because it stands for loopback becomes numeric: it may stand for another later.
    @discardableResult
    func check(_ address: HostPort?, _ what: String) throws -> HostPort? {
        guard let address, !insecure, tokenFile == nil, tokenDescriptor == nil else { return address }
        if let here = address.onLoopback(.atMost(.seconds(10))) { return here }
        throw Self.unguarded("\(address)", what)
    }

    /// The error for an address that others reach without a token.
    static func unguarded(_ address: String, _ what: String) -> UsageError {
        UsageError(
            "\(what) \(address) is reached over the network: give both sides --token-file F with the same secret (made by `head -c 32 /dev/urandom | base64 > F; chmod 600 F`), or --insecure on a network you trust"
        )
    }
}

/// How often a process that dies is started again.
struct RestartOptions: ParsableArguments {
    @Option(help: "How often a process is started again that dies within a minute of its start.")
    var maxRestarts = 10

    func validate() throws {
        if maxRestarts < 0 { throw ValidationError("--max-restarts is \(maxRestarts); it must be 0 or more") }
    }
}

/// The value of an environment variable that stands for a flag; an invalid value ends the command with 64.
private func environment<Value: ExpressibleByArgument>(_ name: String) -> Value? {
    guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
    guard let value = Value(argument: text) else {
        Output.complain("\(name) is \"\(text)\", which is no value for it (see --help)")
        Foundation.exit(64)
    }
    return value
}

/// The workers that a coordinator waits for, wherever they are.
struct MemberOptions: ParsableArguments {
    @Option(help: "Number of workers, N or MIN:MAX (also LOCKSTEP_WORKERS, but for auto).")
    var workers = MemberOptions.fromEnvironment ?? WorkerRange(bounds: 2...2)

    /// Refused with a hint at the right command.
    @Option(help: .hidden)
    var threads: Int?

    @OptionGroup var exchange: ExchangeOptions

    func validate() throws {
        if threads != nil { throw ValidationError("--threads belongs to `lockstep worker`: a coordinator computes no gradients") }
    }

    /// `auto` is about one machine.
    private static var fromEnvironment: WorkerRange? {
        guard case .range(let range)? = environment("LOCKSTEP_WORKERS") as WorkerCount? else { return nil }
        return range
    }
}

/// N or MIN:MAX.
struct WorkerRange: ExpressibleByArgument {
    private static let most = 1024

    let bounds: ClosedRange<Int>

    init(bounds: ClosedRange<Int>) { self.bounds = bounds }

    init?(argument: String) { self.init(argument, or: "") }

    /// Reports what is wrong by itself and ends the command with 64: the parser would not say which numbers are allowed.
    ///
    /// - Parameter other: what may be written instead; it comes first in the message.
    init(_ argument: String, or other: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1], low >= 1, low <= high,
            high <= Self.most
        else {
            Output.complain("\"\(argument)\" is no number of workers; write \(other)N or MIN:MAX, each from 1 to \(Self.most)")
            Foundation.exit(64)
        }
        bounds = low...high
    }

    var text: String {
        bounds.lowerBound == bounds.upperBound ? "\(bounds.lowerBound)" : "\(bounds.lowerBound):\(bounds.upperBound)"
    }

    var defaultValueDescription: String { text }
}

extension Topology: ExpressibleByArgument {}
extension ProductEngine: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

/// Lossless packing of gradients.
enum Compression: String, ExpressibleByArgument, CaseIterable {
    case off, auto, zstd, entropy
}

/// A duration as the user writes it: 500ms, 5s, 10m.
struct DurationArgument: ExpressibleByArgument {
    let value: Duration

    init(_ value: Duration) { self.value = value }

    init?(argument: String) {
        guard let value = try? DurationText.parse(argument) else { return nil }
        self.value = value
    }

    var defaultValueDescription: String { DurationText.text(value) }
}

/// HOST:PORT.
struct AddressArgument: ExpressibleByArgument {
    let value: HostPort

    /// Reports what is wrong by itself and ends the command with 64: the parser would not say why the argument is invalid.
    init?(argument: String) {
        do {
            value = try HostPort(parsing: argument)
        } catch {
            Output.complain("\(error)")
            Foundation.exit(64)
        }
        guard LinkLocal.lacksZone(value.host) else { return }
        let example = HostPort(host: LinkLocal.example(value.host), port: value.port)
        Output.complain(
            "\"\(argument)\" is link-local and its zone is missing, the name of this host's interface to that link; write for example \(example)"
        )
        Foundation.exit(64)
    }
}

/// Options of a process that another process of this program has started, and that dies with it; not for users.
struct ParentOptions: ParsableArguments {
    @Option(help: .hidden)
    var parentPid: Int32?

    /// Ties this process's life to its parent's.
    func tie() throws { try Self.tie(to: parentPid) }

    /// Nil: no process of this program has started this one.
    fileprivate static func tie(to pid: Int32?) throws {
        if let pid { try ParentBond.tie(toParent: pid) }
    }
}

/// What a supervised child is told by its parent; not for users.
struct ChildOptions: ParsableArguments {
    @Option(help: .hidden)
    var parentPid: Int32?

    @Option(help: .hidden)
    var parentDescriptor: Int32?

    @Option(help: .hidden)
    var listenDescriptor: Int32?

    @Option(help: .hidden)
    var pulseDescriptor: Int32?

    /// The run's folder is removed when it ends, so nothing can go on with it.
    @Flag(help: .hidden)
    var passing = false

    /// Ties this process's life to its parent's, where the parent has started a whole run and sends nothing more.
    func tieAlone() throws {
        if parentDescriptor == nil { try ParentOptions.tie(to: parentPid) }
    }

    /// Ties this process's life to its parent's; `onLine` receives what the parent writes.
    func tie(onLine: @escaping @Sendable (String) -> Void = { _ in }) throws {
        guard let parentPid, let parentDescriptor else { return }
        try ParentBond.tie(toParent: parentPid)
        ParentBond.watch(descriptor: parentDescriptor, onLine: onLine) { Foundation.exit(1) }
    }
}
