import Datasets
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// `sample`, `encode` and `decode` of runs that have classes or clusters beside the code, or a part of the prior for each class.
@Suite(.serialized)
struct LabelCommandTests {
    /// A folder with a finished run of each of these variants, named after it.
    private static let trained: Result<Scratch, any Error> = Result {
        let scratch = Scratch()
        for (recipe, more) in [
            ("supervised", []), ("clustering", ["model.clusters=16"]), ("label-informed", ["labels.count=100"]),
            ("reduction", []),
        ] as [(String, [String])] {
            let sizes = [
                "data.train=400", "data.validation=100", "model.encoder=[24]", "model.decoder=[24]", "model.discriminator=[16]",
            ]
            let sets = (sizes + more + ["figures.every_epochs=0"]).flatMap { ["--set", $0] }
            let result = try LockstepProcess.run(
                ["train", "--recipe", recipe, "--minibatch", "50", "--epochs", "1", "--run", scratch.file(recipe)] + sets)
            try #require(result.status == 0, "\(recipe): \(result.errors)")
        }
        return scratch
    }

    private func lockstep(_ arguments: [String]) throws -> LockstepProcess.Result {
        try LockstepProcess.run(arguments, in: Self.trained.get().path)
    }

    private func images(_ arguments: [String]) throws -> NPYArray {
        let name = UUID().uuidString + ".npy"
        let result = try lockstep(["sample"] + arguments + ["--out", name])
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return try NPY.read(Self.trained.get().path + "/" + name)
    }

    @Test(
        "--label draws a class of a label-informed run from its own part of the prior, and a class beside the code where that is told"
    )
    func label() throws {
        for run in ["label-informed", "supervised", "reduction"] {
            let (three, four) = try (images([run, "--label", "3", "--count", "9"]), images([run, "--label", "4", "--count", "9"]))
            #expect(three.shape == [9, 784] && three.values != four.values, "\(run)")
        }
        let cluster = try images(["clustering", "--cluster", "15", "--count", "9"])
        #expect(try cluster.values != images(["clustering", "--cluster", "14", "--count", "9"]).values)
        for (arguments, words) in [
            (["label-informed", "--label", "10"], "this run has those from 0 to 9"),
            (["label-informed", "--cluster", "3"], "what can be chosen of this run is no cluster; use --label"),
            (["clustering", "--label", "3"], "what can be chosen of this run is no class; use --cluster"),
            (["label-informed", "--label", "3", "--grid"], "leave one of them out"),
            // Options that would be accepted but have no effect.
            (["label-informed", "--label", "3", "--interpolate", "1,2"], "decodes no class beside a code; leave --label out"),
            (["label-informed", "--seed", "3", "--interpolate", "1,2"], "draws nothing; leave --seed out"),
            (["label-informed", "--seed", "3", "--grid"], "draws nothing; leave --seed out"),
            (["supervised", "--seed", "3", "--grid", "--label", "1", "--count", "4"], "draws nothing; leave --seed out"),
        ] {
            let result = try lockstep(["sample"] + arguments + ["--out", "none.npy"])
            #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
        }
    }

    @Test("a grid of classes or petals has as many images as it is asked for, in whole rows, and a style is one column of all rows")
    func grids() throws {
        #expect(try images(["supervised", "--grid"]).shape == [100, 784])
        // More than a block of what is drawn at once.
        let large = try images(["supervised", "--grid", "--count", "2500"])
        #expect(large.shape == [2500, 784])
        #expect(try images(["clustering", "--grid"]).shape == [96, 784])
        #expect(try images(["label-informed", "--grid"]).shape == [100, 784])
        for (run, what) in [
            ("supervised", "the 10 classes of this run"), ("clustering", "the 16 clusters of this run"),
            ("label-informed", "the 10 petals of the prior"),
        ] {
            let odd = try lockstep(["sample", run, "--grid", "--count", "105", "--out", "none.npy"])
            #expect(odd.status == 64 && odd.errors.contains(what), "\(odd.errors)")
        }
        #expect(try !FileManager.default.fileExists(atPath: Self.trained.get().path + "/none.npy"))
    }

    @Test("figures draws what each variant has")
    func figures() throws {
        for (run, own) in [
            ("supervised", ["codes", "reconstructions", "styles"]),
            ("clustering", ["clusters", "codes", "reconstructions", "styles"]),
            ("label-informed", ["codes", "petals", "reconstructions", "walk"]),
            ("reduction", ["codes", "reconstructions", "representations", "styles"]),
        ] {
            let drawn = try lockstep(["figures", run])
            #expect(drawn.status == 0, "\(drawn.errors)")
            let names = drawn.output.split(separator: "\n").map { ($0 as NSString).lastPathComponent }
            let expected = (own + ["losses", "neighbours", "samples"]).map { "\($0).png" }
            #expect(Set(names).subtracting(["code-histograms.png"]) == Set(expected), "\(names)")
        }
        let beside = try lockstep(["figures", "supervised", "clustering", "--out", "beside.png"])
        #expect(beside.status == 0, "\(beside.errors)")
    }

    @Test("encode names what its softmax is of, and decode takes it back; what is no softmax is refused by its first row")
    func softmax() throws {
        let folder = try Self.trained.get().path
        let encoded = try lockstep(["encode", "clustering", "--split", "validation", "--out", "codes.npy"])
        #expect(encoded.errors.contains("softmax of clusters in codes.y.npy"), "\(encoded.errors)")
        #expect(try lockstep(["decode", "clustering", "--codes", "codes.npy", "--y", "codes.y.npy", "--out", "i.npy"]).status == 0)
        var shares = try #require(try NPY.read(folder + "/codes.y.npy").values.floats).array
        func decode(_ name: String) throws -> LockstepProcess.Result {
            try lockstep(["decode", "clustering", "--codes", "codes.npy", "--y", name, "--out", "none.npy"])
        }
        func refused(_ name: String, _ words: String) throws {
            let result = try decode(name)
            #expect(result.status == 1 && result.errors.contains(words), "\(name): \(result.errors)")
        }
        let good = shares
        shares[16 * 7] += 0.5
        try NPY.write(shares, shape: [100, 16], to: folder + "/sum.npy")
        try refused("sum.npy", "1 of the 100 rows in sum.npy are no softmax, first row 7 (from 0)")
        shares = good
        shares[17] += shares[16] + 1
        shares[16] = -1
        try NPY.write(shares, shape: [100, 16], to: folder + "/negative.npy")
        try refused("negative.npy", "are no softmax, first row 1 (from 0)")
        shares = good
        shares[16 * 3] = .nan
        try NPY.write(shares, shape: [100, 16], to: folder + "/nan.npy")
        try refused("nan.npy", "1 of the 100 softmaxes in nan.npy have numbers that are not finite, first row 3")
        try NPY.write(Array(good.prefix(1500)), shape: [100, 15], to: folder + "/narrow.npy")
        try refused("narrow.npy", "softmaxes of this run are N x 16 floats")
        try refused("codes.labels.npy", "is of int64, a type that is not read as softmaxes")
    }
}
