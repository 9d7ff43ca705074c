import Files
import Glibc
import Testing
import Waiting

@Suite("Descriptors and children", .serialized, .timeLimit(.minutes(15)))
struct DescriptorTests {
    /// A pipe that closes itself.
    final class TestPipe {
        let reading: Int32
        private(set) var writing: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            precondition(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
        }

        func closeWriting() {
            close(writing)
            writing = -1
        }

        deinit {
            close(reading)
            if writing >= 0 { close(writing) }
        }
    }

    private static func read(_ descriptor: Int32, _ patience: Patience) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 100)
        return bytes.withUnsafeMutableBytes { Descriptor.read(descriptor, into: $0, patience) }.map { Array(bytes.prefix($0)) }
    }

    private static func write(_ bytes: [UInt8], _ descriptor: Int32, _ patience: Patience) -> Bool {
        bytes.withUnsafeBytes { Descriptor.write($0, to: descriptor, patience) }
    }

    @Test("Reading waits no longer than its patience, takes what is there, and sees the end")
    func reading() {
        let pipe = TestPipe()
        #expect(Self.read(pipe.reading, .atMost(.zero)) == nil)
        #expect(Self.read(pipe.reading, .atMost(.milliseconds(3))) == nil)
        #expect(Self.write([1, 2, 3], pipe.writing, .atMost(.seconds(800))))
        #expect(Self.read(pipe.reading, .atMost(.seconds(800))) == [1, 2, 3])
        let (descriptor, writer) = (pipe.writing, Latch())
        let thread = OwnedThread(name: "writer") {
            _ = writer.wait(.untilWoken(by: "the test"))
            _ = Self.write([4], descriptor, .atMost(.seconds(800)))
        }
        writer.countDown()
        #expect(Self.read(pipe.reading, .untilWoken(by: "the writer")) == [4])
        #expect(thread.join(.atMost(.seconds(800))))
        pipe.closeWriting()
        #expect(Self.read(pipe.reading, .untilWoken(by: "the end of the file")) == [])
        #expect(Self.read(-1, .atMost(.milliseconds(1))) == nil)
    }

    @Test("Writing to a pipe that nobody empties ends with its patience, and goes on when somebody does")
    func writing() {
        let pipe = TestPipe()
        let much = [UInt8](repeating: 9, count: 1 << 20)
        #expect(!Self.write(much, pipe.writing, .atMost(.milliseconds(3))))
        #expect(!Self.write([1], pipe.writing, .atMost(.zero)))
        let (descriptor, count) = (pipe.reading, Monitor(0))
        let reader = OwnedThread(name: "reader") {
            while let bytes = Self.read(descriptor, .untilWoken(by: "the test, which closes the pipe")), !bytes.isEmpty {
                count.update { $0 += bytes.count }
            }
        }
        #expect(Self.write([UInt8](repeating: 9, count: 200_000), pipe.writing, .atMost(.seconds(800))))
        pipe.closeWriting()
        #expect(reader.join(.atMost(.seconds(800))))
        #expect(count.withLock { $0 } >= 200_000)
    }

    @Test("Lines come whole, one that is too long in pieces, and a last one without an end too")
    func lines() {
        let pipe = TestPipe()
        #expect(Self.write(Array("one\n\ntwelve345\ntwelve\n\nlast".utf8), pipe.writing, .atMost(.seconds(800))))
        var lines: [String] = []
        let silent = DescriptorLines.read(pipe.reading, longest: 6, .atMost(.zero)) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(silent == .silent)
        #expect(lines == ["one", "", "twelve", "345", "twelve", ""])
        #expect(Self.write(Array("more".utf8), pipe.writing, .atMost(.seconds(800))))
        pipe.closeWriting()
        lines = []
        let closed = DescriptorLines.read(pipe.reading, longest: 6, .untilWoken(by: "the end of the file")) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(closed == .closed)
        #expect(lines == ["more"])
    }

    @Test("What knows no sync, as a pipe and some file systems of networks, counts as synced; what is not open does not")
    func syncing() {
        let pipe = TestPipe()
        #expect(Descriptor.sync(pipe.writing))
        #expect(!Descriptor.sync(-1) && errno == EBADF)
    }

    @Test("A poll ends with its patience, or when its pipe is woken, and not again once that is drained")
    func poll() throws {
        let wake = try WakePipe()
        var entries = [pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0), pollfd(fd: -1, events: 0, revents: 1)]
        #expect(!Poll.wait(&entries, .atMost(.milliseconds(2))))
        #expect(entries.allSatisfy { $0.revents == 0 })
        let waker = OwnedThread(name: "waker") { wake.wake() }
        #expect(Poll.wait(&entries, .untilWoken(by: "the waker")))
        #expect(entries[0].revents & Poll.readable != 0)
        #expect(waker.join(.atMost(.seconds(800))))
        wake.drain()
        #expect(!Poll.wait(&entries, .atMost(.zero)))
        for _ in 0..<100_000 { wake.wake() }
        wake.drain()
        #expect(!Poll.wait(&entries, .atMost(.zero)), "a full pipe never blocks the waker")
    }
}
