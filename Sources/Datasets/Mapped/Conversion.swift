import Foundation
import Kernels
import Synchronization
import Waiting

/// How far the conversion of one file is.
public struct ConversionProgress: Sendable, Hashable {
    /// The name of the file that is converted.
    public let file: String
    /// 0 to 1.
    public let share: Double

    public init(file: String, share: Double) {
        self.file = file
        self.share = share
    }
}

/// A file that is converted once, into a flat file that is mapped from then on: beside it where its folder can be written to, else
/// in the cache folder. A flat file is good as long as the file it was made from has the same size and time, or else the same
/// SHA-256.
struct Conversion {
    /// Writes the flat file of what the MAT file holds; the shares it reports are those of its own part.
    typealias Body = (
        _ file: MATFile, _ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void
    ) throws -> FlatWriter

    /// Behind the name of the file that was converted.
    static let ending = ".images"
    /// A part that nobody has written to for so long belongs to a process that was killed.
    private static let oldest = 600.0
    /// One at a time in a process: two of the same file would both do the work.
    private static let running = Mutex(())

    let source: String
    let layout: FlatHeader.Layout
    /// Of the images, for messages.
    let name: String
    /// The folder for what cannot lie beside its source.
    let cache: String
    let progress: (ConversionProgress) -> Void

    /// The images, converted where they have not been.
    ///
    /// - Throws: `DataError`; then nothing half converted is left.
    func images(_ body: Body) throws -> MappedImages {
        try Self.running.withLock { _ in
            let stamp = try FileStamp(of: source)
            var digest: [UInt8]?
            for path in [beside, inCache] {
                if let found = try converted(path, stamp, &digest) { return found }
            }
            let target = try convert(stamp, digest, body)
            guard let images = try MappedImages(target, layout, name: name) else {
                throw DataError.system(doing: "read back", file: target, reason: "it is not what was written")
            }
            return images
        }
    }

    private var beside: String { source + Self.ending }

    private var inCache: String {
        "\(cache)/converted/\(textDigest(DataDirectory.absolute(source)).prefix(16))-\(fileName)\(Self.ending)"
    }

    private var fileName: String { (source as NSString).lastPathComponent }

    /// What an earlier conversion left at `path`, if it is of this content. `digest` is computed where it is needed, once.
    private func converted(_ path: String, _ stamp: FileStamp, _ digest: inout [UInt8]?) throws -> MappedImages? {
        guard let header = MappedImages.header(path), header.layout == layout, header.source.bytes == stamp.bytes else {
            return nil
        }
        if header.source != stamp {
            let now = try digest ?? FileStamp.digest(ofFile: source)
            digest = now
            guard header.sourceDigest == now else { return nil }
            Self.renew(path, header, stamp)
        }
        return try MappedImages(path, layout, name: name)
    }

    /// Notes the new time of the same content, so that the next opening need not read it. Where that is not allowed, it does.
    private static func renew(_ path: String, _ header: FlatHeader, _ stamp: FileStamp) {
        let descriptor = Descriptor.openFile(path, O_WRONLY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var header = header
        header.source = stamp
        let bytes = header.encode()
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }

    /// - Returns: the path of the flat file.
    private func convert(_ stamp: FileStamp, _ digest: [UInt8]?, _ body: Body) throws -> String {
        // Three parts that take about as long: its SHA-256, whether it is whole, its content.
        func tell(_ part: Double) -> (Double) -> Void {
            { progress(ConversionProgress(file: fileName, share: (part + min(1, $0)) / 3)) }
        }
        tell(0)(0)
        let digest = try digest ?? FileStamp.digest(ofFile: source, progress: tell(0))
        let file = try MATFile(source, progress: tell(1))
        var target = beside
        let writer = try body(
            file,
            { header in
                // A folder of data is often one that its users can only read.
                for path in [beside, inCache] { removeOldParts(of: path) }
                if let writer = try? FlatWriter(beside, header) { return writer }
                target = inCache
                return try FlatWriter(inCache, header)
            }, tell(2))
        guard try FileStamp(of: source) == stamp else {
            throw DataError.unfit(file: source, found: "changed while it was read", expected: "a file that stays as it is")
        }
        try writer.commit(source: stamp, digest: digest)
        tell(2)(1)
        return target
    }

    /// What conversions left behind that were killed.
    private func removeOldParts(of target: String) {
        let folder = FilePath.folder(of: target)
        let start = (target as NSString).lastPathComponent + "."
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(start) && name.hasSuffix(".part") {
            let path = "\(folder)/\(name)"
            let changed = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
            if let changed, Date().timeIntervalSince(changed) > Self.oldest { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
