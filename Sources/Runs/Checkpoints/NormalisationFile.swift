import Autoencoder
import Datasets
import Glibc
import Kernels

/// The moments by which a model's norms are evaluated, kept beside the state that they belong to.
///
/// Workers have no data, so the moments are no part of a state nor of its digests. Whoever evaluates a state computes them over the training
/// images and keeps them in `normalisation.safetensors` for the next evaluation.
public struct NormalisationFile: Sendable {
    private static let name = "normalisation.safetensors"
    private static let parametersKey = "parameters"
    private static let momentsKey = "moments"

    private let path: String
    private let willWrite: @Sendable () throws -> Void

    /// - Parameters:
    ///   - folder: the checkpoint's.
    ///   - willWrite: asked before anything is written there; what it throws ends `complete`.
    public init(folder: String, willWrite: @escaping @Sendable () throws -> Void) {
        path = folder + "/" + Self.name
        self.willWrite = willWrite
    }

    /// The tensors of a state, and beside them the moments of its norms where the model has any: from the file, or computed and kept in it.
    ///
    /// A file that cannot be written or belongs to other weights costs the computation, and nothing else.
    /// - Parameter file: nil where nothing can be kept.
    public static func complete(
        _ tensors: [Tensor], of settings: TrainingSettings, averaged: Bool, training images: ImageSubset, team: ThreadTeam,
        in file: NormalisationFile?, pace: @Sendable () throws -> Void = {}
    ) throws -> [Tensor] {
        guard settings.hasNorms else { return tensors }
        // What the moments depend on: weights, images, and what is drawn at random on the way.
        let digest = [
            hexDigits(StateDigest.parameters(of: tensors)), averaged ? "averaged" : "last", "\(images.count) images",
            "seed \(settings.seed)", "\(settings.parts.posterior)",
            settings.prior.kind + (settings.prior.sampleDigest.map { " \($0)" } ?? ""),
        ].joined(separator: ", ")
        if let kept = file?.read(digest), (try? Inference(settings, tensors: tensors + kept, averaged: averaged)) != nil {
            return tensors + kept
        }
        let population = PopulationImages(
            count: images.count, images: { (rows: Range<Int>) -> [UInt8] in images.images(rows) },
            labels: { (rows: Range<Int>) -> [UInt8] in images.labels(rows) })
        let moments = try Inference.populationMoments(
            settings, tensors: tensors, averaged: averaged, over: population, team: team, pace: pace)
        try file?.write(moments, digest)
        return tensors + moments
    }

    private func read(_ digest: String) -> [Tensor]? {
        guard let reader = try? SafetensorsReader(path: path), reader.metadata[Self.parametersKey] == digest else { return nil }
        guard let moments = try? StateFile.tensors(of: reader), reader.metadata[Self.momentsKey] == Self.digest(of: moments) else {
            return nil
        }
        return moments
    }

    /// Without a digest a damaged value would give other codes unnoticed.
    private static func digest(of moments: [Tensor]) -> String {
        var digest = StateDigest()
        for tensor in moments.sorted(by: { StateNames.precedes($0.name, $1.name) }) { digest.add(tensor) }
        return hexDigits(digest.finish())
    }

    private func write(_ moments: [Tensor], _ digest: String) throws {
        try willWrite()
        let ordered = moments.sorted { StateNames.precedes($0.name, $1.name) }
        try? Safetensors.write(
            ordered, metadata: [Self.parametersKey: digest, Self.momentsKey: Self.digest(of: ordered)], to: path)
    }
}

extension RunFolder {
    /// Where the moments of the state after so many steps are kept: beside its checkpoint, if there is one.
    ///
    /// - Parameter willWrite: asked before anything is written there.
    public func normalisation(step: UInt64, willWrite: @escaping @Sendable () throws -> Void) -> NormalisationFile? {
        let folder = checkpointsPath + "/" + CheckpointLayout.name(step: step)
        return access(folder, F_OK) == 0 ? NormalisationFile(folder: folder, willWrite: willWrite) : nil
    }
}
