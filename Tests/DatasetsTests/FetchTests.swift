import Datasets
import Synchronization
import TestSupport
import Testing

@Suite("Fetching and verifying") struct FetchTests {
    let folder: Scratch
    let directory: DataDirectory
    /// Two small files with their SHA-256, as a publisher would list them.
    let first: [UInt8] = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }
    let second: [UInt8] = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 11 + 3) }
    let set = KnownSet(
        name: "tiny", summary: "two files",
        files: [
            PublishedFile(
                name: "first.gz", bytes: 5_000, sha256: "1b5c855ff1052578ee7d262a7a7b784281ff77178d83435e3fc858874e8a5b10",
                unpackedSHA256: "fe21ab4523a5802408e55fe62b9de800756c78c5d5490accdb7dcf660c037296"),
            PublishedFile(
                name: "second.gz", bytes: 300, sha256: "fe21ab4523a5802408e55fe62b9de800756c78c5d5490accdb7dcf660c037296",
                unpackedSHA256: ""),
        ])

    init() throws {
        folder = Scratch()
        directory = DataDirectory(option: folder.path)
    }

    private func answer(_ bytes: [UInt8], promised: Int? = nil) -> LoopbackServer.Answer {
        LoopbackServer.Answer(promised: promised ?? bytes.count, body: bytes)
    }

    @Test("files are fetched into DIR/SET with progress, then skipped, then verified")
    func fetches() throws {
        let server = try LoopbackServer(["first.gz": answer(first), "second.gz": answer(second)])
        let seen = Mutex<[FetchProgress]>([])
        let reports = try set.fetch(in: directory, mirrors: [server.address]) { progress in
            seen.withLock { $0.append(progress) }
        }
        #expect(reports.map(\.outcome) == [.fetched(mirror: server.address), .fetched(mirror: server.address)])
        #expect(try folder.names == ["tiny", "tiny/first.gz", "tiny/second.gz"])
        #expect(try folder.read("tiny/first.gz") == first)
        let last = seen.withLock { $0.last { $0.file == "first.gz" } }
        #expect(last?.received == 5_000 && last?.total == 5_000)
        #expect(try set.fetch(in: directory, mirrors: [server.address]).map(\.outcome) == [.alreadyThere, .alreadyThere])
        #expect(server.requests == ["first.gz", "second.gz"])
        #expect(try set.verify(in: directory).map(\.state) == [.right, .right])
    }

    @Test("a mirror that has no file, a damaged, a short, a long or a broken-off one is passed over")
    func passesOver() throws {
        var damaged = first
        damaged[4_000] ^= 1
        for bad in [
            LoopbackServer.Answer(status: 404, promised: 0), LoopbackServer.Answer(status: 500, promised: 4, body: [1, 2, 3, 4]),
            answer(damaged), answer(Array(first.prefix(4_999))), answer(first + [0]),
            answer(Array(first.prefix(2_000)), promised: 5_000),
            LoopbackServer.Answer(body: Array(first.prefix(2_000))), LoopbackServer.Answer(body: first + first),
        ] {
            let folder = Scratch()
            let directory = DataDirectory(option: folder.path)
            let wrong = try LoopbackServer(["first.gz": bad, "second.gz": answer(second)])
            let right = try LoopbackServer(["first.gz": answer(first)])
            let reports = try set.fetch(in: directory, mirrors: [wrong.address, right.address])
            #expect(reports.map(\.outcome) == [.fetched(mirror: right.address), .fetched(mirror: wrong.address)])
            #expect(try folder.read("tiny/first.gz") == first)
        }
    }

    @Test("where no mirror has the file, one sentence names them all with their reasons, and nothing is left behind")
    func noMirror() throws {
        var damaged = first
        damaged[0] ^= 1
        let one = try LoopbackServer(["first.gz": answer(damaged)])
        let other = try LoopbackServer([:])
        let text = try dataError {
            _ = try set.fetch(in: directory, mirrors: [one.address, other.address, "http://127.0.0.1:1/"])
        }
        for part in ["\(one.address)first.gz: SHA-256 is", "\(other.address)first.gz: HTTP status 404", "127.0.0.1:1/first.gz"] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(try folder.names == ["tiny"])
    }

    @Test("a wrong file is named by verify and replaced by fetch; one unpacked by hand is right")
    func verify() throws {
        try folder.write("first", second)
        try folder.write("tiny/second.gz", first)
        let reports = try set.verify(in: directory)
        #expect(reports[0].state == .right)
        guard case .wrong(let found, _) = reports[1].state else {
            Issue.record("expected a wrong file: \(reports[1])")
            return
        }
        #expect(found == set.files[0].sha256 && reports[1].description.hasPrefix("wrong    \(folder.path)/tiny/second.gz"))
        let server = try LoopbackServer(["second.gz": answer(second)])
        #expect(try set.fetch(in: directory, mirrors: [server.address]).map(\.outcome).last == .fetched(mirror: server.address))
        #expect(try folder.read("tiny/second.gz") == second)
    }

    @Test("a file that nobody published a hash of is told with its own, and is not called right")
    func handed() throws {
        #expect(try KnownSet.tfd.verify(in: directory).map(\.state) == [.missing])
        try folder.write("tfd/TFD_48x48.mat", second)
        let report = try #require(try KnownSet.tfd.verify(in: directory).first)
        #expect(report.state == .unpublished(sha256: set.files[1].sha256) && report.path == folder.path + "/tfd/TFD_48x48.mat")
        #expect(report.description.hasSuffix(", and no hash of it was published to compare with"), "\(report)")
    }

    @Test("a folder that cannot be written is an error of its own, not of the mirrors")
    func unwritable() throws {
        try folder.write("tiny", [1])
        let server = try LoopbackServer(["first.gz": answer(first)])
        let text = try dataError { _ = try set.fetch(in: directory, mirrors: [server.address]) }
        #expect(text.hasPrefix("cannot create \(folder.path)/tiny/first.gz"), "\(text)")
        #expect(server.requests.isEmpty)
    }

    @Test("the list has six sets; unknown names and sets without files say what there is")
    func names() throws {
        #expect(KnownSet.all.map(\.name) == DataSettings.sets)
        #expect(try KnownSet.named("mnist").files.count == 4)
        #expect(try dataError { _ = try KnownSet.named("cifar") }.contains("known are glyphs, glyphs-colour, mnist"))
        #expect(try dataError { _ = try KnownSet.glyphs.fetch(in: directory) }.contains("nothing to fetch"))
        #expect(try KnownSet.named("svhn").files.map(\.name) == ["train_32x32.mat", "test_32x32.mat"])
        #expect(try KnownSet.named("svhn").withOptional.files.map(\.bytes) == [182_040_794, 64_275_384, 1_329_278_602])
        #expect(try dataError { _ = try KnownSet.tfd.fetch(in: directory) }.contains("tfd (which has nothing to fetch)"))
        #expect(try KnownSet.mnist.verify(in: directory).map(\.state) == [.missing, .missing, .missing, .missing])
    }
}
