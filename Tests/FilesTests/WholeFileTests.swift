import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Files that are written whole or not at all")
struct WholeFileTests {
    private let scratch = Scratch()
    private var path: String { scratch.file("a") }

    /// Writes [7, 2, 3], the first byte last.
    private func write(under name: WholeFile.TemporaryName, disk: Disk = .results) throws {
        let file = try WholeFile(path, under: name, disk: disk)
        try file.write([1, 2])
        try file.writeStart([7])
        try file.write([3])
        try file.commit()
    }

    /// What stands in the folder while a file is written; `nil` where the file has no name.
    private func temporary(_ name: WholeFile.TemporaryName) -> String? {
        switch name {
        case .shared: "a.partial"
        case .ofProcess: "a.\(getpid()).part"
        case .unnamed: nil
        }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("A file has its name when it is whole, whatever its name was before", arguments: WholeFile.TemporaryName.allCases)
    func whole(name: WholeFile.TemporaryName) throws {
        try scratch.write([9], to: "a")
        for isKept in [false, true] {
            let file = try WholeFile(path, under: name, disk: .results)
            try file.write([4, 5, 6])
            try file.writeStart([7])
            #expect(try scratch.read("a") == [9])
            // Not every file system has files without a name.
            let other = try scratch.names.first { $0 != "a" }
            #expect(other == temporary(name) || name == .unnamed && other == temporary(.ofProcess))
            if isKept { try file.commit() } else { file.discard() }
            #expect(try scratch.names == ["a"])
        }
        #expect(try scratch.read("a") == [7, 5, 6])
    }

    @Test("A file that is dropped before it is whole leaves nothing", arguments: WholeFile.TemporaryName.allCases)
    func dropped(name: WholeFile.TemporaryName) throws {
        do {
            let file = try WholeFile(path, under: name, disk: .results)
            try file.write([1])
        }
        #expect(try scratch.names.isEmpty)
    }

    @Test("A file that replaces another has its permissions, not those of a new file", arguments: WholeFile.TemporaryName.allCases)
    func permissions(name: WholeFile.TemporaryName) throws {
        try write(under: name, disk: Disk())
        #expect(mode(path) == 0o600)
        try #require(chmod(path, 0o640) == 0)
        try write(under: name, disk: Disk())
        #expect(mode(path) == 0o640)
    }

    @Test(
        "Whichever operation is refused: the error names the file itself, the older file stays, and nothing is left beside it",
        arguments: WholeFile.TemporaryName.allCases)
    func refused(name: WholeFile.TemporaryName) throws {
        let asked = Mutex<[Disk.Operation]>([])
        let calm = Disk { request in
            asked.withLock { $0.append(request.operation) }
            return nil
        }
        try write(under: name, disk: calm)
        let operations = asked.withLock { $0 }
        #expect(Set(operations).isSuperset(of: [.create, .write, .sync, .close, .rename, .syncDirectory]))
        for (place, operation) in operations.enumerated() {
            try scratch.write([9], to: "a")
            let count = Mutex(-1)
            let faulty = Disk { _ in
                let now = count.withLock { count in
                    count += 1
                    return count
                }
                return now == place ? Disk.Failure(EIO) : nil
            }
            let error = #expect(throws: DiskError.self) { try write(under: name, disk: faulty) }
            // The name is there when the folder is synced.
            let isNamed = operation == .syncDirectory
            #expect(
                error?.code == EIO && error?.path == (isNamed ? scratch.path : path), "\(operation): \(String(describing: error))")
            #expect(try scratch.read("a") == (isNamed ? [7, 2, 3] : [9]), "\(operation)")
            #expect(try scratch.names == ["a"], "\(operation)")
        }
    }

    @Test("A link of the temporary name is not followed", arguments: [WholeFile.TemporaryName.shared, .ofProcess])
    func links(name: WholeFile.TemporaryName) throws {
        let victim = try scratch.write([5], to: "victim")
        let link = scratch.file(try #require(temporary(name)))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
        let error = #expect(throws: DiskError.self) { try write(under: name) }
        #expect(error?.code == ELOOP && error?.path == path)
        #expect(try scratch.read("victim") == [5])
    }

    @Test("A folder or a pipe that has the file's name is refused, and stays", arguments: WholeFile.TemporaryName.allCases)
    func obstacles(name: WholeFile.TemporaryName) throws {
        for isFolder in [true, false] {
            let made = isFolder ? mkdir(path, 0o700) : mkfifo(path, 0o600)
            try #require(made == 0)
            let error = #expect(throws: DiskError.self) { try write(under: name) }
            #expect(error?.code == (isFolder ? EISDIR : EOPNOTSUPP) && error?.path == path)
            #expect(try scratch.names == ["a"])
            try FileManager.default.removeItem(atPath: path)
        }
    }
}
