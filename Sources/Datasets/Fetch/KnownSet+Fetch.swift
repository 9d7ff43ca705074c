/// How far the download of one file is.
public struct FetchProgress: Sendable, Hashable {
    public let file: String
    public let received: Int
    public let total: Int
}

/// What `fetch` did about one file.
public struct FetchReport: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case alreadyThere
        case fetched(mirror: String)
    }

    public let name: String
    public let path: String
    public let outcome: Outcome
}

extension KnownSet {
    /// Downloads what is missing or wrong into DIR/SET, trying the mirrors in turn. A file gets its name only after its
    /// SHA-256 is found right. `progress` is called from another thread. Throws `DataError`.
    public func fetch(
        in directory: DataDirectory, mirrors: [String]? = nil,
        progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
    ) throws -> [FetchReport] {
        guard !files.isEmpty else {
            let fetchable = KnownSet.all.filter { !$0.files.isEmpty }.map(\.name)
            throw DataError.unknownSet(name: "\(name) (which has nothing to fetch)", known: fetchable)
        }
        return try files.map { file in
            let report = try verify(file, in: directory)
            if report.state == .right {
                return FetchReport(name: file.name, path: report.path, outcome: .alreadyThere)
            }
            let path = place(of: file, in: directory)
            let mirror = try fetch(file, to: path, mirrors: mirrors ?? self.mirrors, progress: progress)
            return FetchReport(name: file.name, path: path, outcome: .fetched(mirror: mirror))
        }
    }

    /// The mirror that had the file.
    private func fetch(
        _ file: PublishedFile, to path: String, mirrors: [String],
        progress: @escaping @Sendable (FetchProgress) -> Void
    ) throws -> String {
        var reasons: [String] = []
        for mirror in mirrors {
            do {
                try Download.run(from: mirror + file.name, of: file, to: path) {
                    progress(FetchProgress(file: file.name, received: $0, total: file.bytes))
                }
                return mirror
            } catch let fault as Download.Fault {
                reasons.append("\(mirror)\(file.name): \(fault.reason)")
            }
        }
        throw DataError.download(file: file.name, reasons: reasons)
    }
}
