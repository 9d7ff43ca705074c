import Figures

/// Pictures on their way to the disk, as the bytes of their files, and what is to be said of them.
struct PictureSet: Sendable {
    private(set) var files: [(name: FigureName, bytes: [UInt8])] = []
    private(set) var leftOut: [FigureName] = []
    private(set) var warnings: [String] = []

    init() {}

    /// One picture, or none where its images are not finite.
    init(_ name: FigureName, _ draw: () throws -> Raster) throws {
        do {
            try add(name, draw())
        } catch let error as ImagesNotFinite {
            leaveOut(name, error.description.trimmingSuffix("."))
        }
    }

    mutating func add(_ name: FigureName, _ picture: Raster) throws { files.append((name, try PNG.encode(picture))) }

    mutating func leaveOut(_ name: FigureName, _ why: String) {
        leftOut.append(name)
        warnings.append("\(name.rawValue) was not drawn, and one that is there is older: \(why)")
    }

    mutating func warn(_ name: FigureName, _ what: String) { warnings.append("\(name.rawValue): \(what)") }

    func joined(with other: PictureSet) -> PictureSet {
        var joined = self
        joined.files += other.files
        joined.leftOut += other.leftOut
        joined.warnings += other.warnings
        return joined
    }
}
