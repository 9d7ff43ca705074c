import ArgumentParser
import Foundation
import Kernels
import Processes
import Runs

/// `lockstep bench gemm`: the products of a layer by number of rows, and the peak with which steps are compared.
struct BenchGemm: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemm", abstract: "GFLOP/s of the three products of a 1000 x 1000 layer, one thread.",
        discussion: "Example:  lockstep bench gemm --rows 25 --rows 100 --engine openblas --kernel haswell")

    @Option(help: "Who computes: portable (our own) or openblas.")
    var engine = ProductEngine.portable

    @Option(help: "Operands: fp32 or bf16 (portable only).")
    var precision = Precision.fp32

    @Option(help: "BLAS kernel family: auto (the best for this CPU), haswell, skylakex, …", completion: Completions.kernels)
    var kernel = "auto"

    @Option(help: "Rows of a product.")
    var rows: [Int] = [25, 50, 100, 256, 512]

    @Option(help: "Width of the layer.")
    var width = 1000

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        let range = 1...65_536
        guard rows.allSatisfy(range.contains), range.contains(width) else {
            throw ValidationError("--rows and --width must be 1 to \(range.upperBound)")
        }
        guard engine == .openblas || kernel == "auto" else {
            throw ValidationError("--kernel is a family of openblas; portable products have none: add --engine openblas")
        }
        guard engine == .portable || precision == .fp32 else {
            throw ValidationError("--precision \(precision.rawValue) is impossible with openblas, which multiplies in fp32")
        }
    }

    func run() throws {
        try finishing {
            if engine == .openblas { try KernelChoice.require(KernelFamily.named(kernel).rawValue) }
            let values = width * (3 * width + 3 * (rows.max() ?? 1))
            try MemoryRoom.require(threads: 1, bytes: MemoryLayout<Float>.size * values, for: "measuring products")
            let arithmetic = Arithmetic(engine, precision)
            let results = rows.map { ProductSpeed(arithmetic, rows: $0, width: width) }
            let peak = ProductSpeed.peak(arithmetic)
            if json {
                Output.result(
                    JSON.object([
                        .init("engine", .string(engine.rawValue)), .init("precision", .string(precision.rawValue)),
                        .init("kernel", .string(engine.kernels)),
                        .init("peak", .real(peak)),
                        .init(
                            "products",
                            .array(
                                results.map {
                                    .object([
                                        .init("rows", .integer(Int64($0.rows))), .init("forward", .real($0.forward)),
                                        .init("backward_input", .real($0.backwardInput)),
                                        .init("backward_weight", .real($0.backwardWeight)),
                                    ])
                                })
                        ),
                    ]).text)
                return 0
            }
            Output.result(
                "\(engine.rawValue), \(precision.rawValue), kernel \(engine.kernels); GFLOP/s, one thread, \(width) x \(width); peak \(String(format: "%.0f", peak))"
            )
            Output.result("  rows   forward   dX   dW")
            for result in results {
                Output.result(
                    String(
                        format: "%6d %9.0f %4.0f %4.0f", result.rows, result.forward, result.backwardInput, result.backwardWeight))
            }
            return 0
        }
    }
}

/// Measured GFLOP/s of a layer's products, with the kernels that this process has.
struct ProductSpeed {
    let rows: Int
    let forward, backwardInput, backwardWeight: Double

    init(_ arithmetic: Arithmetic, rows: Int, width: Int) {
        self.init(arithmetic, rows: rows, width: width) { medianSeconds(repeats: $0, $1) }
    }

    /// - Parameter seconds: measures how long a body takes that may be run the given number of times.
    private init(_ arithmetic: Arithmetic, rows: Int, width: Int, seconds: (Int, @escaping () -> Void) -> Double) {
        let x = Matrix(rows: rows, columns: width)
        let w = Matrix(rows: width, columns: width)
        let y = Matrix(rows: rows, columns: width)
        let (dx, dw) = (Matrix(rows: rows, columns: width), Matrix(rows: width, columns: width))
        for (step, matrix) in [x, w, y].enumerated() {
            RandomSource(seed: 1, purpose: .probe, step: UInt64(step)).fillNormal(matrix, firstRow: 0, std: 1)
        }
        let operations = 2 * Double(rows) * Double(width) * Double(width)
        let repeats = min(100_000, max(5, Int(2e10 / operations)))
        func speed(_ body: @escaping () -> Void) -> Double { operations / seconds(repeats, body) * 1e-9 }
        self.rows = rows
        let products = LayerProducts(arithmetic, x: x, w: w, y: y, dy: y, dx: dx, dw: dw)
        forward = speed { products.forward() }
        backwardInput = speed { products.backwardInput() }
        backwardWeight = speed { products.backwardWeight() }
    }

    /// The peak: the best that one core has done on large products. It is the best of all tries, not their median: other work on the
    /// machine lowers the median, and that must not raise a share of the peak.
    static func peak(_ arithmetic: Arithmetic) -> Double {
        let speed = ProductSpeed(arithmetic, rows: 1024, width: 1024) { leastSeconds(repeats: $0, $1) }
        return max(speed.forward, speed.backwardInput, speed.backwardWeight)
    }
}
