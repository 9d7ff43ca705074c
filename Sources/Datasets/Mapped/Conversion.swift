import Files
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
    /// The path of an earlier flat file that is damaged, which is why it is converted again; otherwise nil.
    public let damaged: String?

    public init(file: String, share: Double, damaged: String? = nil) {
        self.file = file
        self.share = share
        self.damaged = damaged
    }
}

/// Converts a file, or a folder of pictures, once into a flat file that is mapped from then on. The flat file lies beside its source where that
/// folder can be written to, else in the cache folder. It is valid as long as its source has the same size and time, or else the same
/// SHA-256, and as long as its own content has the SHA-256 that it was written with.
struct Conversion {
    /// Writes the flat file from the MAT file's content; the progress it reports is that of its own part.
    typealias Body = (
        _ file: MATFile, _ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void
    ) throws -> FlatWriter

    /// The source of a conversion: how it is recognised, and how it is read.
    private struct Original {
        let stamp: () throws -> FileStamp
        let digest: (_ progress: (Double) -> Void) throws -> [UInt8]
        let write: (_ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void) throws -> FlatWriter
    }

    /// Appended to the name of the file that was converted.
    static let ending = ".images"
    /// A partial file that nobody has written to for so many seconds belongs to a process that was killed.
    private static let oldest = 600.0
    /// One conversion at a time in a process: two of the same file would both do the work.
    private static let running = Mutex(())

    let source: String
    let layout: FlatHeader.Layout
    /// The name of the images, for messages.
    let name: String
    /// The folder for what cannot lie beside its source.
    let cache: String
    let progress: (ConversionProgress) -> Void

    /// The images of a MAT file, converted where they have not been.
    ///
    /// - Throws: `DataError`; then nothing half converted is left.
    func images(_ body: Body) throws -> MappedImages {
        try withoutActuallyEscaping(body) { body in
            try images(
                Original(
                    stamp: { try FileStamp(of: source) }, digest: { try FileStamp.digest(ofFile: source, progress: $0) },
                    write: { start, progress in
                        // Checking that the file is whole takes about as long as reading its content.
                        let file = try MATFile(source) { progress($0 / 2) }
                        return try body(file, start) { progress(0.5 + min(1, $0) / 2) }
                    }))
        }
    }

    /// The images of a folder of pictures, as it was listed, converted where they have not been.
    func images(of folder: PictureFolder) throws -> MappedImages {
        try images(
            Original(
                stamp: { try PictureFolder(source).stamp() }, digest: { try folder.digest(progress: $0) },
                write: { try folder.convert($0, $1) }))
    }

    private func images(_ original: Original) throws -> MappedImages {
        try Self.running.withLock { _ in
            let stamp = try original.stamp()
            var digest: [UInt8]?
            var damaged: String?
            for path in [beside, inCache] {
                guard let found = try converted(path, original, stamp, &digest) else { continue }
                if found.isWhole() { return found }
                damaged = path
            }
            let target = try convert(original, stamp, digest, damaged: damaged)
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

    /// The result of an earlier conversion at `path`, if it was made from this content. `digest` is computed once, only if needed.
    private func converted(
        _ path: String, _ original: Original, _ stamp: FileStamp, _ digest: inout [UInt8]?
    ) throws -> MappedImages? {
        guard let header = MappedImages.header(path), header.layout == layout, header.source.bytes == stamp.bytes else {
            return nil
        }
        if header.source != stamp {
            let now = try digest ?? original.digest { _ in }
            digest = now
            guard header.sourceDigest == now else { return nil }
            Self.renew(path, header, stamp)
        }
        return try MappedImages(path, layout, name: name)
    }

    /// Notes the new time of the same content, so that the next opening need not read it. Where writing is not allowed, it must.
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
    private func convert(_ original: Original, _ stamp: FileStamp, _ digest: [UInt8]?, damaged: String?) throws -> String {
        // Three parts that take about equally long: the SHA-256 of the source, then two that are the reader's own.
        func tell(_ first: Double, _ parts: Double) -> (Double) -> Void {
            { progress(ConversionProgress(file: fileName, share: (first + parts * min(1, $0)) / 3, damaged: damaged)) }
        }
        tell(0, 1)(0)
        let digest = try digest ?? original.digest(tell(0, 1))
        var target = beside
        let writer = try original.write(
            { header in
                // Users can often only read a folder of data.
                for path in [beside, inCache] { removeOldParts(of: path) }
                if let writer = try? FlatWriter(beside, header) { return writer }
                target = inCache
                return try FlatWriter(inCache, header)
            }, tell(1, 2))
        guard try original.stamp() == stamp else {
            throw DataError.unfit(file: source, found: "changed while it was read", expected: "a file that stays as it is")
        }
        try writer.commit(source: stamp, digest: digest)
        tell(1, 2)(1)
        return target
    }

    /// Removes partial files of conversions that were killed.
    private func removeOldParts(of target: String) {
        let folder = FilePath.folder(of: target)
        let start = (target as NSString).lastPathComponent + "."
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(start) && name.hasSuffix(WholeFile.processSuffix) {
            let path = "\(folder)/\(name)"
            let changed = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
            if let changed, Date().timeIntervalSince(changed) > Self.oldest { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}
