import Datasets
import Evaluation
import Kernels

/// What one host has found of an evaluation that several share: its share of a Parzen window's sums, and whole figures that were
/// its own. Sealed by a CRC-32C, since it travels.
public struct EvaluationPartFile: Sendable, Equatable {
    static let format = 1
    private static let sealKey = "crc32c"

    public let head: EvaluationHead
    public let part: EvaluationPart
    /// Samples of the whole Parzen window.
    public let samples: Int
    /// Names of the protocols of all parts.
    public let protocols: [String]
    public let results: [EvaluationResult]
    public let notes: [String]

    /// - Parameters:
    ///   - report: of a part's session.
    ///   - protocols: of all parts.
    public init(_ report: EvaluationReport, part: EvaluationPart, samples: Int, protocols: [String]) {
        self.init(
            head: report.head, part: part, samples: samples, protocols: protocols, results: report.results, notes: report.notes)
    }

    private init(
        head: EvaluationHead, part: EvaluationPart, samples: Int, protocols: [String], results: [EvaluationResult],
        notes: [String]
    ) {
        self.head = head
        self.part = part
        self.samples = samples
        self.protocols = protocols
        self.results = results
        self.notes = notes
    }

    private var members: [JSON.Member] {
        [.init("format", JSON(Self.format))] + head.members + [
            .init("part", JSON(part.number)), .init("parts", JSON(part.of)), .init("samples", JSON(samples)),
            .init("protocols", .array(protocols.map { .string($0) })), .init("notes", .array(notes.map { .string($0) })),
            .init("results", .array(results.map(\.json))),
        ]
    }

    var text: String {
        JSON.object(members + [.init(Self.sealKey, .string(Self.seal(members)))]).text + "\n"
    }

    private static func seal(_ members: [JSON.Member]) -> String {
        String(hexDigits(UInt64(CRC32C.checksum(Array(JSON.object(members).text.utf8)))).suffix(8))
    }

    /// Nil where it is no such file, or one in which something has changed.
    init?(parsing bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let members = json.members, json["format"]?.intValue == Self.format,
            json[Self.sealKey]?.stringValue == Self.seal(members.filter { $0.key != Self.sealKey }),
            let head = EvaluationHead(json), let number = json["part"]?.intValue, let parts = json["parts"]?.intValue,
            let part = EvaluationPart(number, of: parts), let samples = json["samples"]?.intValue,
            (1...EvaluationOptions.mostSamples).contains(samples),
            let protocols = json["protocols"]?.arrayValue?.compactMap(\.stringValue),
            let notes = json["notes"]?.arrayValue?.compactMap(\.stringValue),
            let values = json["results"]?.arrayValue
        else { return nil }
        let results = values.compactMap { EvaluationResult($0) }
        guard results.count == values.count else { return nil }
        self.init(head: head, part: part, samples: samples, protocols: protocols, results: results, notes: notes)
    }

    /// The evaluation that the parts make: the bits of one that was never divided.
    ///
    /// - Parameter parts: all of one division, in their order.
    /// - Throws: `RunFolderError` where they are of other evaluations, or one was ended before its time.
    public static func merged(_ parts: [EvaluationPartFile]) throws -> EvaluationReport {
        guard let first = parts.first else { preconditionFailure("an evaluation of no parts") }
        for other in parts {
            guard other.head == first.head, other.samples == first.samples, other.protocols == first.protocols else {
                throw RunFolderError(
                    "parts \(first.part.number) and \(other.part.number) are of two evaluations: \(difference(first, other)); compute one of them anew, of \(first.head.run)@\(first.head.step)"
                )
            }
            if let cut = other.results.first(where: \.isCut) { throw unfinished(other, cut.name) }
        }
        var results: [EvaluationResult] = []
        for name in first.protocols {
            let isDivided = EvaluationProtocols.all.first { $0.name == name }?.isDivided ?? false
            let found = parts.map { part in (part, part.results.first { $0.name == name }) }
            if isDivided {
                results.append(try joined(name, found, samples: first.samples))
            } else if let result = found.compactMap(\.1).first {
                results.append(result)
            } else {
                let place = (first.protocols.firstIndex(of: name) ?? 0) % parts.count
                throw unfinished(parts[place], name)
            }
        }
        return EvaluationReport(head: first.head, results: results, notes: first.notes)
    }

    private static func joined(
        _ name: String, _ found: [(part: EvaluationPartFile, result: EvaluationResult?)], samples: Int
    ) throws -> EvaluationResult {
        var whole: ParzenShare?
        for (part, result) in found {
            guard let share = result?.share else { throw unfinished(part, name) }
            guard whole != nil else {
                whole = share
                continue
            }
            guard whole?.merge(share) == true else {
                throw RunFolderError(
                    "the sums of part \(part.part.number) are of other images or widths than those before it; compute it anew with --part \(part.part.number)/\(part.part.of)"
                )
            }
        }
        guard let whole, whole.sums.samples == samples else {
            throw RunFolderError(
                "the parts have \(whole?.sums.samples ?? 0) samples together, and the evaluation is of \(samples); compute them anew with --part"
            )
        }
        return ParzenProtocol.result(of: whole, wanted: samples)
    }

    private static func unfinished(_ part: EvaluationPartFile, _ name: String) -> RunFolderError {
        RunFolderError(
            "part \(part.part.number) of \(part.part.of) was ended before it had all of \(name); compute it anew with --part \(part.part.number)/\(part.part.of)"
        )
    }

    private static func difference(_ one: EvaluationPartFile, _ other: EvaluationPartFile) -> String {
        func words(_ part: EvaluationPartFile) -> [String] {
            let head = part.head
            return [
                "run \(head.run)", "step \(head.step)", "weights \(head.checkpoint.prefix(12))", "\(head.split.rawValue) images",
                "seed \(head.seed)", "\(part.samples) samples", "figures \(part.protocols.joined(separator: ","))",
            ]
        }
        let unlike = zip(words(one), words(other)).first { $0 != $1 }
        return unlike.map { "\($0) and \($1)" } ?? "recipe \(one.head.recipe) and \(other.head.recipe)"
    }
}

extension EvaluationResult {
    var json: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(name)), .init("members", .object(self.members)),
            .init("rows", .array(rows.map { .array([.string($0.figure), .string($0.value), .string($0.beside)]) })),
            .init("warnings", .array(warnings.map { .string($0) })), .init("cut", .bool(isCut)),
        ]
        if let share { members.append(.init("share", share.json)) }
        return .object(members)
    }

    /// Nil where it is none.
    init?(_ json: JSON) {
        guard let name = json["name"]?.stringValue, let members = json["members"]?.members,
            let rows = json["rows"]?.arrayValue, let warnings = json["warnings"]?.arrayValue?.compactMap(\.stringValue),
            let isCut = json["cut"]?.boolValue
        else { return nil }
        let cells = rows.compactMap { $0.arrayValue?.compactMap(\.stringValue) }.filter { $0.count == 3 }
        guard cells.count == rows.count else { return nil }
        self.init(
            name, members: members, rows: cells.map { EvaluationRow($0[0], $0[1], beside: $0[2]) }, warnings: warnings)
        self.isCut = isCut
        guard let share = json["share"] else { return }
        guard let read = ParzenShare(share) else { return nil }
        self.share = read
    }
}
