import Datasets
import Files
import Foundation
import Waiting

/// Where evaluations are stored in a run's folder: `evaluation.json` for the newest checkpoint, the test images and the run's own seed. The name
/// says where it is of an older checkpoint, other images or another seed: `evaluation-step-00000500-validation-seed-3.json`. Files of parts have
/// the part in their name: `evaluation-seed-3-2-of-4.json`.
public struct EvaluationFile: Sendable {
    private let folder: RunFolder
    private let disk: Disk
    /// The run's own seed, which names need not say.
    private let usualSeed: UInt64
    /// The file's name without its end.
    private let base: String

    /// Most bytes that are read of an evaluation's file, and of a part's, which holds a few numbers for each image and width.
    private static let (mostBytes, mostPartBytes) = (1 << 20, 1 << 28)

    /// - Parameters:
    ///   - step: of the checkpoint.
    ///   - isNewest: whether the run has no newer one.
    ///   - split: images that are judged.
    ///   - seed: of what is drawn.
    ///   - usualSeed: the run's own.
    public init(
        _ folder: RunFolder, step: UInt64, isNewest: Bool, split: DataSet.Split = .test, seed: UInt64, usualSeed: UInt64,
        disk: Disk = Disk()
    ) {
        self.folder = folder
        self.disk = disk
        self.usualSeed = usualSeed
        base = Self.base(step: isNewest ? nil : step, split: split, seed: seed, usualSeed: usualSeed)
    }

    /// A name without its end; usual values are left out of it.
    private static func base(step: UInt64?, split: DataSet.Split, seed: UInt64, usualSeed: UInt64) -> String {
        var words = ["evaluation"]
        if let step { words.append(CheckpointLayout.name(step: step)) }
        if split != .test { words.append(split.rawValue) }
        if seed != usualSeed { words.append("seed-\(seed)") }
        return words.joined(separator: "-")
    }

    private func path(_ base: String) -> String { "\(folder.path)/\(base).json" }

    public var path: String { path(base) }

    public func path(of part: EvaluationPart) -> String { path("\(base)-\(part.number)-of-\(part.of)") }

    /// Writes an evaluation, as a whole or not at all. Figures of the same model, images and seed that were not taken anew stay. An older file of
    /// other ones is renamed first.
    ///
    /// - Returns: what is to be said of the file that stood there, and of what is written.
    public func write(_ report: EvaluationReport) throws -> [String] {
        let older = content(of: path)
        var notes: [String] = []
        let isKept = older.flatMap(EvaluationHead.init)?.isOfSame(report.head) ?? false
        if !isKept, Disk.isThere(path) { notes.append(try putAside(older)) }
        let figures = report.json(keeping: older)
        try disk.replace(path, with: Array((figures.text + "\n").utf8))
        if isKept, let older { notes += report.notes(joining: older) }
        return notes
    }

    /// Nil where there is no such file, or it is no JSON.
    private func content(of path: String) -> JSON? {
        try? JSON(parsing: SmallFile(path, limit: Self.mostBytes, .atMost(.seconds(30))).bytes)
    }

    /// What evaluations in a run's folder say of the weights of one step, on validation images and on those of the test; of the run's own seed. A
    /// file that cannot be read says nothing.
    public static func figures(in folder: RunFolder, step: UInt64) -> [(split: DataSet.Split, figures: [LastFigures.Figure])] {
        [DataSet.Split.validation, .test].compactMap { split in
            for isNewest in [true, false] {
                let file = EvaluationFile(folder, step: step, isNewest: isNewest, split: split, seed: 0, usualSeed: 0)
                guard let json = file.content(of: file.path), let head = EvaluationHead(json), head.step == step,
                    let members = json.members
                else { continue }
                let figures = JSON.object(members.filter { !EvaluationHead.keys.contains($0.key) })
                return (split, LastFigures.figures(of: figures))
            }
            return nil
        }
    }

    /// Renames the file that is there to the name of its own step, or where that is taken to the first that is free. Where the other file is of
    /// the same weights, images and seed, the two are joined.
    private func putAside(_ older: JSON?) throws -> String {
        let head = older.flatMap(EvaluationHead.init)
        let own = head.map { Self.base(step: $0.step, split: $0.split, seed: $0.seed, usualSeed: usualSeed) } ?? base
        var (target, count) = (path(own), 0)
        while target == path || Disk.isThere(target) {
            if let older, let head, target != path, let there = content(of: target),
                EvaluationHead(there)?.isOfSame(head) == true
            {
                try disk.replace(target, with: Array((EvaluationReport.joined(older, to: there).text + "\n").utf8))
                return "what stood in \(path) was of other weights, images or seed, and has joined \(target)"
            }
            count += 1
            target = path("\(own)-older-\(count)")
        }
        try disk.rename(path, to: target)
        try disk.syncDirectory(folder.path)
        return head == nil
            ? "what stood in \(path) was no evaluation, and is now \(target)"
            : "what stood in \(path) was of other weights, images or seed, and is now \(target)"
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
