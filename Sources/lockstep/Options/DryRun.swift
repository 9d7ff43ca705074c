import Autoencoder
import Datasets
import Foundation
import Kernels
import Processes
import Runs

/// What `--dry-run` prints: the effective configuration, and what a run of it costs.
struct DryRun {
    let configuration: Configuration
    let data: DataSet
    let spread: WorkSpread
    /// If not new, the run keeps its shards.
    let isNew: Bool
    /// The runs of a sweep: the configuration is then the first one's, and the cost is that of each.
    var runs: [SweepForecast] = []

    /// The products are measured with the kernels that the workers will have. The program may be executed anew for that: so this
    /// comes before any output, which would come twice.
    static func require(_ configuration: Configuration) throws { try KernelChoice.require(configuration.kernel) }

    private var spares: Spares { Spares(workers: spread.workers, of: configuration, isNew: isNew) }

    private var pixels: Int { data.train.pixels }
    private var training: TrainingSettings { configuration.training(pixels: pixels, trainingImages: data.train.count) }
    private var parameters: Int { training.parameterCount }
    /// Operations for one row of each stream, in all phases.
    private var operations: [Autoencoder.Stream: Int] { training.multiplyAdds.mapValues { 2 * $0 } }

    private var operationsText: String {
        let labelled = operations[.labelled].map { " and \(NumberText.grouped($0)) a labelled one" } ?? ""
        return "\(NumberText.grouped(operations[.images] ?? 0)) a sample\(labelled) (forward and backward, all phases)"
    }

    func text(json: Bool) throws -> String {
        let steps = configuration.lastStep(trainingImages: data.train.count)
        let (replica, gradient) = (training.stateBytes + training.keptSumBytes, training.sumBytes)
        let disk = DiskNeed(
            configuration, pixels: pixels, trainingImages: data.train.count, shape: PictureShape(of: data.train))
        let time = TimeEstimate(
            configuration, pixels: pixels, images: data.train.count,
            operations: 2 * training.multiplyAdds(inSteps: steps), spread: spread)
        if json {
            let plans = runs.map { $0.json }
            let areSeeds = runs.allSatisfy(\.point.settings.isEmpty)
            return JSON.object(
                [
                    .init("configuration", .string(configuration.yaml())), .init("parameters", .integer(Int64(parameters))),
                    .init("variant", .string(configuration.variant.rawValue)),
                    .init("networks", .object(training.networkWidths.map { .init($0.name, .array($0.widths.map { JSON($0) })) })),
                    .init("phases", .array(configuration.phaseNames.map { .string($0) })),
                    .init("exchanges_per_step", .integer(Int64(training.exchanges.count))),
                    .init("operations_per_sample", .integer(Int64(operations[.images] ?? 0))),
                    .init("operations_per_labelled_sample", .integer(Int64(operations[.labelled] ?? 0))),
                    .init("steps", .unsigned(steps)),
                    .init("workers", .integer(Int64(spread.workers))), .init("spares", .integer(Int64(spares.count))),
                    .init("replica_bytes", .integer(Int64(replica))), .init("gradient_bytes_per_step", .integer(Int64(gradient))),
                    .init("disk_bytes", .object(disk.kinds.map { .init($0.name, .unsigned($0.bytes)) })),
                    .init("seconds", .real(time.seconds)), .init("gigaflops", .real(time.gigaflops)),
                ] + (plans.isEmpty ? [] : [.init(areSeeds ? "seeds" : "runs", .array(plans))])
            ).text
        }
        return configuration.yaml() + """
            # data        \(data.train.count) training, \(data.validation.count) validation, \(data.test.count) test images of \(shape)\(fold)
            # steps       \(steps) (\(configuration.epochs(trainingImages: data.train.count).steps) an epoch)
            \(rateLines)
            \(variantLines)
            # parameters  \(NumberText.grouped(parameters))
            # operations  \(operationsText)
            # workers     \(spread.workers)\(spares.sentence.map { ": \($0)" } ?? "")
            # memory      \(NumberText.grouped(replica / 1_000_000)) MB of state and sums a worker, and its activations
            # wire        \(NumberText.grouped(gradient / 1_000_000)) MB of gradient a worker and step, before packing
            # disk        \(disk)
            # time        \(time.text)

            """ + sweepLines
    }

    /// What will be done about each run of a sweep, one line each.
    private var sweepLines: String {
        runs.enumerated().map { index, run in
            let words = run.point.settings.isEmpty ? run.point.seed.map { "\($0)" } ?? "" : run.point.words
            let title = run.point.settings.isEmpty ? "seeds" : "runs "
            return "# \(index == 0 ? title : "     ")       \(words) \(run.what): \(run.path)\n"
        }.joined()
    }

    /// How the learning rates change, one line for each phase.
    private var rateLines: String {
        var lines = configuration.phaseNames.enumerated().compactMap { index, name in
            configuration.phases[name].map { "# \(index == 0 ? "rates" : "     ")       \(name) \($0.scheduleText)" }
        }
        if let idle = training.idleStep, idle < configuration.lastStep(trainingImages: data.train.count) {
            lines.append("#             every rate is 0 from step \(idle) on: no step after it changes a weight")
        }
        for phase in configuration.phaseNames {
            let last = configuration.lastStep(trainingImages: data.train.count)
            guard let reached = training.unreachedRate(of: phase, before: last) else { continue }
            lines.append(
                "#             \(phase) hardly learns: its warm_up ends long after the run, which comes to a rate of \(reached)")
        }
        return lines.joined(separator: "\n")
    }

    /// What a step consists of: networks, phases, labels, exchanges.
    private var variantLines: String {
        let networks = training.networkWidths.enumerated().map { index, network in
            "# \(index == 0 ? "networks" : "        ")    \(network.name) \(network.widths.map(String.init).joined(separator: "-"))"
        }
        let phases = "# phases      \(configuration.variant.rawValue): \(configuration.phaseNames.joined(separator: ", "))"
        let exchanges = "# exchanges   \(exchangeText)"
        return (networks + [phases] + (labelText.map { ["# labels      \($0)"] } ?? []) + [exchanges]).joined(separator: "\n")
    }

    /// Nil where no label is used.
    private var labelText: String? {
        guard let labels = configuration.parts.labels, training.usesImageLabels || training.labelledMinibatch > 0 else {
            return nil
        }
        let classes = configuration.model.classes
        let count = labels.count.map { "\($0 / classes) of each of \(classes) classes" } ?? "all, of \(classes) classes"
        let rows = training.labelledMinibatch
        return count + (rows > 0 ? ", a labelled minibatch of \(rows) a step" : "")
    }

    /// Each exchange takes at least the time of one message round all workers.
    private var exchangeText: String {
        let (count, phases, bytes) = training.exchanges
        guard count > phases else { return "\(count) a step, one for each phase's gradient" }
        return
            "\(count) a step instead of \(phases): batch norm waits for the moments of all shards, \(NumberText.grouped(bytes / 1_000)) kB of them"
    }

    /// Which fold is used of a set that has folds, even where the user gave none.
    private var fold: String { data.settings.fold.map { ", fold \($0) of \(DataSettings.folds.upperBound)" } ?? "" }

    /// Rows, columns and channels; also the shape of an image's picture where that differs.
    private var shape: String {
        let (images, picture) = (data.train, PictureShape(of: data.train))
        let drawn =
            picture.height == images.height && picture.width == images.width
            ? "" : " (drawn as \(picture.height) x \(picture.width))"
        return "\(images.height) x \(images.width) x \(images.channels)\(drawn)\(images.hasLabels ? "" : ", without labels")"
    }
}
