import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct FileWritingTests {
    @Test(
        "Bytes are told in decimal units",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_949, "1.9 kB"), (1_950, "2.0 kB"), (999_949, "999.9 kB"),
            (999_950, "1.0 MB"), (3_145_728, "3.1 MB"), (2_000_000_000, "2.0 GB"), (UInt64.max, "18.4 EB"),
        ] as [(UInt64, String)])
    func bytes(count: UInt64, text: String) { #expect(byteText(count) == text) }

    @Test("What is free is told of the file system that holds a path, or would hold it")
    func freeSpace() throws {
        let folder = Scratch()
        let here = try #require(FreeSpace(at: folder.path))
        #expect(here.totalBytes > 0 && here.freeBytes <= here.totalBytes)
        #expect(FreeSpace(at: folder.path + "/not/yet/there")?.totalBytes == here.totalBytes)
        #expect(FreeSpace(at: "not/yet/there")?.totalBytes == FreeSpace(at: ".")?.totalBytes)
        #expect(FreeSpace(at: "")?.totalBytes == FreeSpace(at: ".")?.totalBytes)
        #expect(FreeSpace(at: "/not-there")?.totalBytes == FreeSpace(at: "/")?.totalBytes)
        #expect(here.description.hasSuffix("are free"))
    }

    @Test("Folders that are missing are made, and where a file or a link to nowhere stands in their way the system's word is told")
    func folders() throws {
        let folder = Scratch()
        try NPY.write([Float(1)], shape: [1], to: folder.path + "/a/b/c.npy")
        #expect(FileManager.default.fileExists(atPath: folder.path + "/a/b/c.npy"))
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/nowhere/at/all")
        // A file system that refuses folders and reports for each that its parent is missing.
        let nowhere = #expect(throws: DataError.self) { try NPY.write([Float(1)], shape: [1], to: "/proc/nope/x/e.npy") }
        #expect(
            nowhere?.description.contains("cannot create /proc/nope/x/e.npy: No such file or directory") == true,
            "\(nowhere as Any)")
        for way in [folder.path + "/a/b/c.npy", folder.path + "/a/b/c.npy/d", link] {
            let error = #expect(throws: DataError.self) { try NPY.write([Float(1)], shape: [1], to: way + "/e.npy") }
            #expect(error?.description.contains("cannot create \(way)/e.npy: Not a directory; check the path") == true, "\(way)")
        }
    }

    @Test(
        "A disk that refuses is told in one sentence of the file itself, and neither a file nor a part of one is left",
        arguments: [Disk.Operation.makeDirectory, .create, .write, .sync, .close, .rename])
    func refused(operation: Disk.Operation) throws {
        let folder = Scratch()
        let path = folder.file("a.npy")
        let disk = Disk { $0.operation == operation ? Disk.Failure(ENOSPC) : nil }
        let error = try dataError {
            let writer = try NPYWriter<Float>(path, shape: [2], disk: disk)
            try writer.append([1, 2])
            try writer.commit()
        }
        let doing = operation == .makeDirectory || operation == .create ? "create" : "write"
        #expect(error.hasPrefix("cannot \(doing) \(path): No space left on device ("), "\(error)")
        #expect(error.hasSuffix(" are free); check the path, its permissions and the free space."), "\(error)")
        #expect(try folder.names.isEmpty)
    }

    @Test("A limit on file sizes is told as what it is")
    func fileSizes() {
        let error = DataError.system(doing: "write", file: "codes.npy", reason: String(cString: strerror(EFBIG)))
        #expect(error.description == "cannot write codes.npy: File too large; raise the limit on file sizes (ulimit -f).")
    }

    @Test("A folder, a device or a pipe that is named as the place of a file is refused, and stays")
    func obstacles() throws {
        let folder = Scratch()
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o644) == 0)
        for (path, kind) in [(folder.path, "a folder"), (pipe, "a device or a pipe"), ("/dev/null", "a device or a pipe")] {
            let error = #expect(throws: DataError.self) { try NPY.write([Float(1)], shape: [1], to: path) }
            #expect(error?.description.contains("\(path): it is \(kind), a file was expected") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["pipe"])
    }
}
