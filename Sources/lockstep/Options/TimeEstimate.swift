import Autoencoder
import Kernels
import Runs

/// Which workers share the work of a run, as far as is known before it begins.
struct WorkSpread {
    let workers: Int
    /// Compute threads of each.
    let threads: Int
    /// All of them are on this machine.
    let isHere: Bool
}

/// How long a run will take: its operations divided by the speed of this machine, now, on products of its kind.
struct TimeEstimate {
    let seconds: Double
    /// Speed of one thread, as measured.
    let gigaflops: Double
    private let spread: WorkSpread

    /// The share of a step that is products, by the measurements in Tests/README.md (64 to 83 %).
    private static let productShare = 0.75
    /// Wider layers are no faster, and would take longer to fill than to measure.
    private static let widest = 4_096
    /// The same for rows.
    private static let mostRows = 256
    /// How long the products are measured.
    private static let measured: Duration = .milliseconds(300)

    /// - Parameters:
    ///   - operations: operations of the whole run.
    ///   - images: images of the training set. An epoch's last minibatch may have fewer than the others, and none has more than `images`.
    init(_ configuration: Configuration, pixels: Int, images: Int, operations: Double, spread: WorkSpread) {
        self.spread = spread
        let rows = Self.rows(configuration, images: images)
        let width = configuration.model.encoder.first ?? configuration.model.code
        gigaflops = Self.speed(
            configuration.arithmetic, rows: rows, inputs: min(pixels, Self.widest), outputs: min(width, Self.widest))
        // Not counted: workers beyond the shards, threads that cannot share a product, and on one machine whatever is beyond its cores.
        let cores = spread.isHere ? MachineLimits.here.cores : .max
        let threads = min(spread.workers, configuration.shards).multipliedReportingOverflow(by: spread.threads).partialValue
        let lanes = min(threads, configuration.engine == .portable ? .max : configuration.shards, cores)
        seconds = operations / (gigaflops * 1e9 * Double(max(1, lanes)) * Self.productShare)
    }

    /// Rows of a shard's products, as they are measured.
    static func rows(_ configuration: Configuration, images: Int) -> Int {
        let minibatch = min(configuration.minibatch, max(1, images))
        return min(mostRows, (minibatch + configuration.shards - 1) / configuration.shards)
    }

    /// GFLOP/s of the three products of a dense layer on one thread: the mean, since other work on the machine slows a run as well.
    private static func speed(_ arithmetic: Arithmetic, rows: Int, inputs: Int, outputs: Int) -> Double {
        let (x, w, y) = (
            Matrix(rows: rows, columns: inputs), Matrix(rows: outputs, columns: inputs), Matrix(rows: rows, columns: outputs)
        )
        let (dx, dw) = (Matrix(rows: rows, columns: inputs), Matrix(rows: outputs, columns: inputs))
        for (step, matrix) in [x, w].enumerated() {
            RandomSource(seed: 1, purpose: .probe, step: UInt64(step)).fillNormal(matrix, firstRow: 0, std: 1)
        }
        let products = LayerProducts(arithmetic, x: x, w: w, y: y, dy: y, dx: dx, dw: dw)
        func round() { products.all() }
        round()
        let start = ContinuousClock.now
        var rounds = 0
        while rounds < 3 || start.duration(to: .now) < measured {
            round()
            rounds += 1
        }
        let elapsed = start.duration(to: .now).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return 6e-9 * Double(rows) * Double(inputs) * Double(outputs) * Double(rounds) / seconds
    }

    /// For the user, with its uncertainty.
    var text: String {
        let workers = spread.workers == 1 ? "1 worker" : "\(spread.workers) workers"
        let threads = spread.threads == 1 ? "1 thread" : "\(spread.threads) threads"
        return spread.isHere
            ? "about \(Self.text(seconds)) on this machine with \(workers) of \(threads), as busy as it is now; evaluation and pictures go on beside it"
            : "about \(Self.text(seconds)) with \(workers) of \(threads), if each computes like this machine and their links take no time: hosts and links are not known here"
    }

    /// An approximate duration, as text.
    static func text(_ seconds: Double) -> String {
        switch seconds {
        case ..<1: "1 s"
        case ..<90: "\(Int(seconds.rounded())) s"
        case ..<5400: "\(Int((seconds / 60).rounded())) min"
        case ..<172_800: "\(Int((seconds / 3600).rounded())) h"
        case ..<31_536_000: "\(Int((seconds / 86_400).rounded())) days"
        default: "more than a year"
        }
    }
}
