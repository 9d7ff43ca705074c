/// NumPy's `.npz`: a zip archive of `.npy` members, as `numpy.savez` and `numpy.savez_compressed` write it.
public final class NPZ {
    private let archive: ZipArchive

    public init(_ path: String) throws { archive = try ZipArchive(path) }

    /// The arrays' names, without `.npy`.
    public var names: [String] { archive.entries.map { Self.arrayName($0.name) } }

    /// The array of that name, which `names` has; `role` says what it is to be.
    public func read(_ name: String, as role: NPYRole = .any) throws -> NPYArray {
        guard let entry = archive.entries.first(where: { Self.arrayName($0.name) == name }) else {
            throw DataError.malformed(
                file: archive.path, offset: 0, unpacked: false, found: "arrays \(names.joined(separator: ", "))",
                expected: "one called \(name)")
        }
        return try NPY.decode(try archive.read(entry), file: "\(archive.path) (\(name))", unpacked: true, as: role)
    }

    private static func arrayName(_ member: String) -> String {
        member.hasSuffix(".npy") ? String(member.dropLast(4)) : member
    }
}
