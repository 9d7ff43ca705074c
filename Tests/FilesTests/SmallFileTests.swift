import Files
import Foundation
import Testing
import Waiting

@Suite("Files that a person names")
struct SmallFileTests {
    /// A folder with a pipe in it that has no other end.
    final class Place {
        let path = FileManager.default.temporaryDirectory.path + "/lockstep-files-" + UUID().uuidString
        var pipe: String { path + "/pipe" }

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try #require(mkfifo(pipe, 0o600) == 0)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ text: String) throws -> String {
            try text.write(toFile: path + "/file", atomically: true, encoding: .utf8)
            return path + "/file"
        }
    }

    static func reason(_ path: String, limit: Int = 10) -> String {
        do throws(SmallFile.Refusal) {
            _ = try SmallFile(path, limit: limit, .atMost(.seconds(800)))
            return "none"
        } catch {
            return error.description
        }
    }

    @Test("A pipe, a device and a folder are opened by nobody who wants a file, and without a wait")
    func kinds() throws {
        let place = try Place()
        for (path, code) in [
            (place.pipe, EOPNOTSUPP), ("/dev/zero", EOPNOTSUPP), (place.path, EISDIR), (place.path + "/none", ENOENT),
        ] {
            for flags in [O_RDONLY, O_WRONLY] {
                #expect(Descriptor.openFile(path, flags) == -1)
                #expect(errno == code, "\(path): \(errno)")
            }
        }
        let descriptor = Descriptor.openFile(try place.file("a"), O_RDONLY)
        #expect(descriptor >= 0)
        close(descriptor)
    }

    @Test("A small file is read up to its limit, and everything else is a reason in words")
    func small() throws {
        let place = try Place()
        #expect(try SmallFile(place.file("0123456789"), limit: 10, .atMost(.zero)).bytes.count == 10)
        #expect(Self.reason(try place.file("0123456789a")) == "it has more than 10 bytes, which no such file needs")
        #expect(Self.reason(place.path) == "it is a folder, where a file is due")
        for path in [place.pipe, "/dev/zero"] { #expect(Self.reason(path).hasPrefix("it is a device, a pipe or a socket")) }
        #expect(Self.reason(place.path + "/none") == "No such file or directory")
    }

    @Test("A pipe that was handed down as a descriptor is read to its end or its first line, and not longer than the patience")
    func handedDown() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let path = "/dev/fd/\(ends[0])"
        #expect(write(ends[1], "first\nrest", 10) == 10)
        #expect(try SmallFile(path, limit: 10, endsWithLine: true, .atMost(.seconds(800))).bytes == Array("first\n".utf8))
        // The bytes after the line stay unread, and the end of the input never comes.
        let refusal = #expect(throws: SmallFile.Refusal.self) { try SmallFile(path, limit: 10, .atMost(.milliseconds(5))) }
        #expect("\(String(describing: refusal))".contains("sent no more"))
    }

    @Test("The descriptors that are open are counted, and there may be as many as the limit says")
    func limit() {
        DescriptorLimit.raise()
        #expect(DescriptorLimit.present >= DescriptorLimit.least)
        #expect(DescriptorLimit.open >= 3 && DescriptorLimit.open <= DescriptorLimit.present)
    }
}
