import ArgumentParser
import Autoencoder
import Datasets
import Foundation
import Kernels
import Layers
import Processes
import Runs
import Wire

/// `lockstep bench codec`: how much packing saves on real gradients of a recipe, and what it costs.
struct BenchCodec: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "codec", abstract: "Ratio and speed of each coding on the gradients of a recipe's own training.",
        discussion: "Example:  lockstep bench codec --after 50")

    @OptionGroup var settings: SettingOptions

    @Option(help: "Steps to train before the gradients are taken.")
    var after = 20

    @Flag(help: "As JSON, a line a phase and coding.")
    var json = false

    func validate() throws {
        guard (0..<Int.max).contains(after) else {
            throw ValidationError("--after is \(after); it must be at least 0, and less than \(Int.max)")
        }
    }

    func run() throws {
        try finishing {
            let wanted = try settings.configuration()
            try KernelChoice.require(wanted.kernel)
            let (configuration, data) = try wanted.opened(directory: settings.data)
            let images = try configuration.stepImages(data)
            let training = images.settings
            let threads = MachineLimits.here.cores
            try training.requireMemory(threads: threads, or: "take a smaller model")
            let trainer = try LocalTrainer(training, threads: threads)
            for _ in 0...after { try trainer.step(images.all(step: trainer.replica.step)) }
            if !json { Output.result("phase            coding       ratio to fp32   pack GB/s   unpack GB/s") }
            for phase in trainer.replica.phases {
                for coding in [GradientCoding.raw, .packed, .packedZstd, .entropy] {
                    try measure(trainer.replica.lastSum(phase.index), phase: phase, coding: coding)
                }
            }
            return 0
        }
    }

    private func measure(_ sum: Storage<Int32>, phase: PhaseDescription, coding: GradientCoding) throws {
        let codec = GradientCodec()
        let pieces = phase.tensors.map(\.range)
        let rows = phase.tensors.map { PieceRows(columns: $0.columns, first: 0) }
        let raw = Double(phase.count * 4)
        let target = Storage<Int32>(count: phase.count)
        let pack = medianSeconds(repeats: 9) { _ = codec.encode(sum.all, pieces: pieces, rows: rows, coding: coding) }
        let encoded = codec.encode(sum.all, pieces: pieces, rows: rows, coding: coding)
        let bytes = encoded.bytes
        let unpack = try medianSeconds(repeats: 9) {
            try codec.decode(bytes, coding: encoded.coding, pieces: pieces, into: target.all, mode: .assign)
        }
        let ratio = raw / Double(max(1, encoded.bytes.count))
        if json {
            Output.result(
                JSON.object([
                    .init("phase", .string(phase.name)), .init("coding", .string("\(coding)")), .init("ratio", .real(ratio)),
                    .init("pack_bytes_per_second", .real(raw / pack)), .init("unpack_bytes_per_second", .real(raw / unpack)),
                ]).text)
        } else {
            let name = phase.name.padding(toLength: 17, withPad: " ", startingAt: 0)
            let kind = "\(coding)".padding(toLength: 12, withPad: " ", startingAt: 0)
            Output.result(name + kind + String(format: "%14.2f %11.2f %13.2f", ratio, raw / pack * 1e-9, raw / unpack * 1e-9))
        }
    }
}
