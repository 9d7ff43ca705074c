import Autoencoder
import Coordinator
import Datasets
import Kernels
import Membership
import Runs

extension FuzzTarget {
    /// A state or checkpoint file as a whole: header, tensors, and what a training state has in it.
    static let safetensors = FuzzTarget("safetensors", refusing: [SafetensorsError.self]) {
        let tensors = [
            Tensor(
                name: "encoder.0.weight", shape: [2, 3], values: TensorValues([0, 1, -1, .infinity, .nan, 0.5] as [Float])),
            Tensor(name: "optimizer.generator.beta_powers", shape: [2], values: TensorValues([0.9, 0.999])),
            Tensor(name: "exact.generator.exponents", shape: [2], values: TensorValues([-100, 7] as [Int32])),
            Tensor(name: "empty", shape: [0, 4], values: TensorValues([] as [UInt8])),
            Tensor(name: "one", shape: [], values: TensorValues([1] as [Int64])),
        ]
        let metadata = ["step": "12", "epoch": "1", "applied": "36", "chain": "c0ffee", "configuration": "name: a\n"]
        return [
            Seed("state", try SafetensorsStream(tensors, metadata: metadata).flatMap { $0 }),
            Seed("no-tensors", try SafetensorsStream([], metadata: [:]).flatMap { $0 }),
        ]
    } body: { input in
        let reader = try SafetensorsReader(bytes: input, name: "the input")
        var dataBytes = 0
        var tensors: [Tensor] = []
        for entry in reader.tensors {
            let bytes = try must("a tensor of the header can be read") { try reader.rawBytes(entry.name) }
            try claim(bytes.count == entry.bytes.count, "a tensor has the bytes of its entry")
            try claim(entry.shape.reduce(1, *) == entry.count, "a tensor has the elements of its shape")
            dataBytes += bytes.count
            let content = try must("a tensor reads as its own type") { try reader.values(entry.name) }
            tensors.append(Tensor(name: entry.name, shape: entry.shape, values: content))
        }
        try claim(dataBytes + 8 <= input.count, "no more data than the file has")
        let file = try must("what was read can be written") {
            try SafetensorsStream(tensors, metadata: reader.metadata, chunkBytes: 64).flatMap { $0 }
        }
        let again = try must("what was written can be read") { try SafetensorsReader(bytes: file, name: "the file") }
        try claim(again.metadata == reader.metadata, "metadata come back")
        try claim(again.tensors.count == reader.tensors.count, "every tensor comes back")
        for entry in reader.tensors {
            let (mine, other) = try must("a tensor comes back") {
                (try reader.rawBytes(entry.name), try again.rawBytes(entry.name))
            }
            let found = try must("a tensor comes back") { try again.entry(entry.name) }
            try claim(found.type == entry.type && found.shape == entry.shape && mine == other, "a tensor comes back as it was")
        }
        try readState(reader)
    }

    /// What a checkpoint and a joining worker make of the file; it may be no training state.
    private static func readState(_ reader: SafetensorsReader) throws(Violation) {
        do {
            let position = try StateFile.position(of: reader)
            try claim(position.applied + 8 > position.applied && position.step * 8 >= position.step, "its phases can be counted on")
            let tensors = try StateFile.tensors(of: reader)
            try claim(tensors.map(\.name) == reader.tensors.map(\.name), "the state has the file's tensors")
        } catch let violation as Violation {
            throw violation
        } catch {
            try claim(error is StateFileError, "a file that is no state is refused as one, not with \(error)")
        }
    }

    /// `manifest.json` of a checkpoint.
    static let manifest = FuzzTarget("manifest", refusing: [Manifest.Malformed.self]) {
        let info = CheckpointInfo(step: 12_345, epoch: 7, endsEpoch: true, identity: String(repeating: "0a", count: 32))
        let manifest = Manifest(info: info, bytes: 1 << 40, sha256: String(repeating: "f9", count: 32))
        return [Seed("manifest", Array(manifest.text.utf8))]
    } body: { input in
        let manifest = try Manifest(parsing: input)
        try claim(input.count <= Manifest.maximumBytes, "no manifest longer than the longest")
        try claim(manifest.info.step * 8 / 8 == manifest.info.step, "its steps can be counted in phases")
        try claim(
            manifest.info.epoch >= 0 && manifest.bytes >= 0 && manifest.bytes * 4 > manifest.bytes - 1, "its counts can be added up"
        )
        let again = try must("a manifest that was read can be read again") { try Manifest(parsing: Array(manifest.text.utf8)) }
        try claim(again == manifest, "a manifest written again is the same")
    }

    /// The JSON parser by itself.
    static let json = FuzzTarget("json", refusing: [JSONError.self]) {
        let value: JSON = [
            "whole": JSON(-42), "large": .unsigned(.max), "real": .real(1.5e-300), "no": .null, "yes": .bool(true),
            "text": "quotation \" backslash \\ line \n bell \u{07} é 漢 🙂", "list": .array([.array([]), [:], JSON(0)]),
        ]
        return [Seed("every-kind", Array(value.text.utf8))]
    } body: { input in
        let value = try JSON(parsing: input)
        try claim(values(of: value) <= input.count, "no more values than bytes")
        let again = try must("what was written can be read") { try JSON(parsing: value.text) }
        try claim(again == value, "a value written again is the same value")
        try claim(again.text == value.text, "a value written again is the same text")
    }

    private static func values(of json: JSON) -> Int {
        switch json {
        case .array(let elements): 1 + elements.reduce(0) { $0 + values(of: $1) }
        case .object(let members): 1 + members.reduce(0) { $0 + values(of: $1.value) }
        case .null, .bool, .integer, .unsigned, .real, .string: 1
        }
    }

    /// `metrics.jsonl`.
    static let metrics = FuzzTarget("metrics", refusing: []) {
        let step = StepMetrics(
            step: 3, epoch: 1, seconds: 0.25, losses: [Loss(name: "reconstruction", value: 21.5)], pixelError: 43,
            code: CodeFigures(mean: -0.01, std: 4.9), samplesPerSecond: 5000, wireSent: 1, wireRaw: 2, compute: 1, pack: 2, wait: 3,
            update: .nan, images: 0.5,
            clamped: 4, repeats: 1, workers: 2, view: 5, chain: 0xC0FFEE)
        let epoch = EpochMetrics(epoch: 1, reconstruction: 20, code: CodeFigures(mean: 0, std: 5), holes: 0.1, energyDistance: 0.01)
        let bare = EpochMetrics(epoch: 2, reconstruction: 1)
        let event: JSON = ["kind": "event", "what": "death", "worker": JSON(1)]
        return [Seed("lines", Array([step.json, epoch.json, bare.json, event].flatMap { Array(($0.text + "\n").utf8) }))]
    } body: { input in
        let file = try MemoryFile(input)
        let metrics = try MetricsReader(path: file.path)
        try claim(
            metrics.steps.allSatisfy { $0.step * 8 >= $0.step && $0.view + 1 > $0.view }, "its steps and views can be counted on")
        let lines = metrics.steps.map(\.json) + metrics.epochs.map(\.json) + metrics.events.map(\.fields)
        try claim(lines.count + metrics.passedOver.count <= input.count { $0 == UInt8(ascii: "\n") }, "no more entries than lines")
        let written = try MemoryFile(Array(lines.map { $0.text + "\n" }.joined().utf8))
        let again = try must("what was written can be read") { try MetricsReader(path: written.path) }
        let linesAgain = again.steps.map(\.json) + again.epochs.map(\.json) + again.events.map(\.fields)
        // NaN does not equal itself, so the texts are compared.
        try claim(linesAgain.map(\.text) == lines.map(\.text), "entries written again are the same")
    }

    /// `steps.log`.
    static let stepsLog = FuzzTarget("steps-log", refusing: []) {
        let records = [
            StepRecord(step: 1, view: 1, chain: 0), StepRecord(step: Plausible.count, view: Plausible.count, chain: .max),
        ]
        // The steps and views in the other lines are out of any run's reach; these lines must be skipped.
        let others = [
            StepRecord(step: 1 << 63 - 1, view: 12, chain: .max), StepRecord(step: 22, view: .max, chain: 1),
            StepRecord(step: .max, view: 1 << 62, chain: 0),
        ]
        return [
            Seed("records", Array(records.map(\.line).joined().utf8) + Array("3 1 00".utf8)),
            Seed("edges", Array((records + others).map(\.line).joined().utf8)),
        ]
    } body: { input in
        let file = try MemoryFile(input)
        let records = try StepsLog.read(file.path)
        try claim(records.count <= input.count { $0 == UInt8(ascii: "\n") }, "no more records than lines")
        let written = try MemoryFile(Array(records.map(\.line).joined().utf8))
        let again = try must("what was written can be read") { try StepsLog.read(written.path) }
        try claim(again == records, "records written again are the same")
        try goOn(from: Bookmark(records, lastStep: 1_000))
    }

    /// What a coordinator computes with the log: a worker comes back that holds the state of a later step than the checkpoint's, then all is
    /// lost and a new one begins at the checkpoint.
    private static func goOn(from bookmark: Bookmark) throws(Violation) {
        let plan = RunPlan(
            shards: 4, phases: 3, firstStep: 20, lastStep: 1_000, epochs: Epochs(steps: 7), workers: 1...1, beginsWithSeed: false,
            generation: 2, recordedStep: bookmark.step)
        try claim(bookmark.step <= plan.lastStep, "no more steps are recorded than the run has")
        var machine = CoordinatorMachine(plan: plan, view: bookmark.view)
        let identity = WorkerIdentity(host: "a", pid: 1, process: 1, build: "1", library: "OpenBLAS", kernel: "haswell")
        let positions = [
            Position(applied: 64, chain: 1, holdsSum: true), Position(applied: 0, chain: 0, isFresh: true, digest: [1]),
        ]
        var now = Duration.zero
        for (number, position) in positions.enumerated() {
            let worker = ConnectionID(UInt64(number + 1))
            let held = position.isFresh ? nil : HeldState(run: plan.run, generation: 1, position: position)
            var directives = machine.handle(.hello(worker, identity, held: held), at: now)
            directives += machine.handle(.ready(worker, fingerprint: [1], position), at: now)
            for _ in 0..<60 {
                now += .milliseconds(250)
                directives += machine.handle(.heartbeat(worker, Beat(work: 1, applied: 0, contributed: 0)), at: now)
                directives += machine.handle(.tick, at: now)
            }
            for case .form(let view) in directives {
                try claim(view.number > bookmark.view, "a view has a number that none has had")
                try claim(view.applied <= 64, "a view begins where a replica is")
            }
            _ = machine.handle(.closed(worker, reason: "the input ends"), at: now)
        }
    }

    /// The file `generation` of a run.
    static let generation = FuzzTarget("generation", refusing: []) {
        [
            Seed("number-and-name", Array(Generation(number: 12, name: 0xC0FFEE).line.utf8)),
            Seed("highest", Array(Generation(number: Plausible.count - 1, name: .max).line.utf8)),
        ]
    } body: { input in
        // An invalid line is refused by the caller that reads the file, in a sentence with its path.
        guard let generation = Generation(line: String(decoding: input, as: UTF8.self)) else { return }
        try claim(generation.number + 1 <= Plausible.count, "one more coordinator can be counted")
        try claim(Generation(line: generation.line) == generation, "a generation written again is the same")
    }

    /// A recipe, or the `config.yaml` of a run.
    static let configuration = FuzzTarget("configuration", refusing: [ConfigurationError.self]) {
        var provenance = Provenance(
            commit: "abc", dataIdentity: "00", kernel: "haswell", commandLine: ["lockstep", "train", "a b"])
        // The same on every machine.
        (provenance.host, provenance.cpu, provenance.system, provenance.created) = (
            "a", "a processor", "Linux", "2026-01-02T03:04:05Z"
        )
        return try Recipes.all.map { recipe in
            let configuration = try Configuration.load(ConfigurationSources(recipe: recipe.name))
            return Seed(recipe.runName, Array(configuration.yaml(provenance: recipe.name == "quickstart" ? provenance : nil).utf8))
        }
    } body: { input in
        let file = try MemoryFile(input)
        let (configuration, provenance) = try Configuration.readFile(file.path)
        try check(configuration)
        guard let provenance else { return }
        let written = try MemoryFile(Array(configuration.yaml(provenance: provenance).utf8))
        let again = try must("a record of a run's making can be read again") { try Configuration.readFile(written.path) }
        try claim(again.configuration == configuration && again.provenance == provenance, "a run's record comes back")
    }

    /// `--set` and the environment: one KEY=VALUE a line.
    static let typedSetting = FuzzTarget("typed-setting", refusing: [ConfigurationError.self]) {
        [
            Seed("settings", Array("model.code=2\nseed=7\nphases.generator.rate=1e-3".utf8)),
            Seed(
                "variant",
                Array("variant=semi-supervised\nlabels.count=20\nposterior={kind: universal, width: 3}\nnorm.heads=batch".utf8)),
        ]
    } body: { input in
        let sets = String(decoding: input, as: UTF8.self).split(separator: "\n").prefix(8).map(String.init)
        try check(try Configuration.load(ConfigurationSources(recipe: "quickstart", sets: sets)))
    }

    private static func check(_ configuration: Configuration) throws(Violation) {
        let text = configuration.yaml()
        let again = try must("a configuration that was written can be read") {
            try Configuration.read(yaml: text, file: "again.yaml")
        }
        try claim(again == configuration, "a configuration written again is the same")
        try claim(again.identity == configuration.identity, "a configuration written again means the same bits")
        // What every run asks next must have an answer.
        let images = configuration.data.train ?? 50_000
        let training = configuration.training(pixels: 784, trainingImages: images)
        try claim(training.parameterCount > 0, "a model has parameters")
        try claim(training.exchanges.count >= configuration.phaseNames.count, "each phase has an exchange")
        let last = configuration.lastStep(trainingImages: images)
        for step in [0, last / 2, last - 1] {
            try claim(training.minibatchSize(ofStep: step) > 0, "a minibatch has rows")
            try claim(step * 8 / 8 == step, "the steps can be counted in phases")
            for phase in configuration.phaseNames {
                try claim(training.rate(phase: phase, step: step) >= 0, "a rate is a number")
            }
        }
    }
}
