import Foundation
import Waiting

/// Where evaluations stand in a run's folder: `evaluation.json`, of an older checkpoint `evaluation-step-00000500.json`, and of
/// parts `evaluation-2-of-4.json` or `evaluation-step-00000500-2-of-4.json`.
public struct EvaluationFile: Sendable {
    private let folder: RunFolder
    private let disk: Disk
    /// `evaluation`, with the step behind it where it is an older one's.
    private let base: String

    /// Longest file of an evaluation that is read, and of a part, which holds a few numbers an image and width.
    private static let (mostBytes, mostPartBytes) = (1 << 20, 1 << 28)

    /// - Parameters:
    ///   - step: of the checkpoint.
    ///   - isNewest: whether the run has no newer one.
    public init(_ folder: RunFolder, step: UInt64, isNewest: Bool, disk: Disk = Disk()) {
        self.folder = folder
        self.disk = disk
        base = isNewest ? "evaluation" : "evaluation-\(CheckpointLayout.name(step: step))"
    }

    public var path: String { "\(folder.path)/\(base).json" }

    public func path(of part: EvaluationPart) -> String { "\(folder.path)/\(base)-\(part.number)-of-\(part.of).json" }

    /// Writes an evaluation, as a whole or not at all. Figures of the same model, images and seed that were not taken anew stay.
    ///
    /// - Returns: what was to be said of the file that stood there, if anything.
    public func write(_ report: EvaluationReport) throws -> String? {
        let older = try? JSON(parsing: SmallFile(path, limit: Self.mostBytes, .atMost(.seconds(30))).bytes)
        try disk.replace(path, with: Array((report.json(keeping: older).text + "\n").utf8))
        guard let older, let head = EvaluationHead(older), head != report.head else { return nil }
        return
            "what stood in \(path) was of other weights, images or seed (step \(head.step), \(head.split.rawValue), seed \(head.seed)), and was replaced"
    }

    /// Writes one part of an evaluation.
    public func write(_ part: EvaluationPartFile) throws {
        try disk.replace(path(of: part.part), with: Array(part.text.utf8))
    }

    /// The parts that stand there.
    ///
    /// - Throws: `RunFolderError` where there are none, or of several divisions; where one is missing, damaged or cannot be read.
    public func parts() throws -> [EvaluationPartFile] {
        let found = try disk.names(in: folder.path).compactMap(part)
        guard let count = found.first?.of else {
            throw RunFolderError(
                "there is no part of an evaluation to merge in \(folder.path): compute them with `lockstep evaluate \(folder.typedName) --part I/N`, and copy those of other hosts there"
            )
        }
        guard found.allSatisfy({ $0.of == count }) else {
            let divisions = Set(found.map(\.of)).sorted().map(String.init).joined(separator: " and ")
            throw RunFolderError(
                "the parts of an evaluation in \(folder.path) are of several divisions, into \(divisions): remove those that are not meant"
            )
        }
        let missing = (1...count).filter { number in !found.contains { $0.number == number } }
        guard missing.isEmpty else {
            let names = missing.prefix(10).map { "\($0)/\(count)" }.joined(separator: ", ")
            throw RunFolderError(
                "parts of the evaluation are missing in \(folder.path): \(names)\(missing.count > 10 ? ", …" : ""); compute them with --part, or copy them there"
            )
        }
        return try found.sorted { $0.number < $1.number }.map(read)
    }

    /// The part that a file's name says; nil where it is none of this evaluation's.
    private func part(_ name: String) -> EvaluationPart? {
        guard name.hasPrefix(base + "-"), name.hasSuffix(".json") else { return nil }
        let words = name.dropFirst(base.count + 1).dropLast(".json".count).components(separatedBy: "-of-")
        guard words.count == 2, let number = Int(words[0]), let count = Int(words[1]),
            let part = EvaluationPart(number, of: count), path(of: part) == "\(folder.path)/\(name)"
        else { return nil }
        return part
    }

    private func read(_ part: EvaluationPart) throws -> EvaluationPartFile {
        let path = path(of: part)
        let bytes: [UInt8]
        do {
            bytes = try SmallFile(path, limit: Self.mostPartBytes, .atMost(.seconds(60))).bytes
        } catch {
            throw RunFolderError("\(path) cannot be read: \(error)")
        }
        guard let file = EvaluationPartFile(parsing: bytes), file.part == part else {
            throw RunFolderError(
                "\(path) is damaged, or no part \(part.number) of \(part.of) of an evaluation: compute it anew with --part \(part.number)/\(part.of)"
            )
        }
        return file
    }
}
