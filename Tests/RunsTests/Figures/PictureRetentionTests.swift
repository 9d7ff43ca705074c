import Figures
import Foundation
import Runs
import TestSupport
import Testing

/// Which epochs' pictures stay in a run's figures folder.
@Suite struct PictureRetentionTests {
    let scratch = Scratch()
    let run: RunFolder

    init() throws {
        run = try RunFolder.begin(
            Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("run"), under: scratch.file("runs"),
            now: RunFolderTests.now)
    }

    private func draw(_ epochs: ClosedRange<Int>) throws {
        for epoch in epochs {
            let folder = run.figuresPath + "/epoch-" + String(format: "%04d", epoch)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            for name in FigureName.allCases { try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/\(name.rawValue)")) }
        }
    }

    private func epochs() throws -> [Int] {
        try Scratch.names(run.figuresPath).filter { $0.hasPrefix("epoch-") }.compactMap { Int($0.dropFirst(6)) }.sorted()
    }

    @Test("The newest few stay, and for good those of every so many epochs")
    func rule() throws {
        try draw(1...12)
        let removed = try RunPictures.retain(FigureSettings(keep: 3, keepEveryEpochs: 5), in: run, upTo: 12)
        #expect(try epochs() == [5, 10, 11, 12])
        #expect(removed.count == 8 && removed.first == run.figuresPath + "/epoch-0001")
        #expect(try RunPictures.retain(FigureSettings(keep: 3, keepEveryEpochs: 5), in: run, upTo: 12) == [])
        #expect(try RunPictures.retain(FigureSettings(keep: 1, keepEveryEpochs: 0), in: run, upTo: 12).count == 3)
        #expect(try epochs() == [12])
    }

    @Test("A thousand epochs by the defaults leave a hundred and a few")
    func longRun() throws {
        for epoch in 1...1000 {
            try FileManager.default.createDirectory(
                atPath: run.figuresPath + "/epoch-" + String(format: "%04d", epoch), withIntermediateDirectories: false)
            _ = try RunPictures.retain(FigureSettings(), in: run, upTo: epoch)
        }
        #expect(try epochs() == (1...99).map { $0 * 10 } + Array(991...1000))
    }

    @Test("A run that went back removes nothing of the epochs it will draw again")
    func wentBack() throws {
        try draw(1...6)
        #expect(try RunPictures.retain(FigureSettings(keep: 2, keepEveryEpochs: 0), in: run, upTo: 3).count == 1)
        #expect(try epochs() == [2, 3, 4, 5, 6])
    }

    @Test("What somebody put there stays: other files, folders of other names, and what is behind a link")
    func others() throws {
        try draw(1...3)
        _ = try scratch.write("x", to: "run/figures/epoch-0001/notes.txt")
        try FileManager.default.createDirectory(atPath: scratch.file("elsewhere"), withIntermediateDirectories: false)
        _ = try scratch.write("x", to: "elsewhere/codes.png")
        let link = run.figuresPath + "/epoch-0002"
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: scratch.file("elsewhere"))
        for name in ["epoch-1", "epoch-0001-paper", "best", "step-00000020"] {
            try FileManager.default.createDirectory(atPath: run.figuresPath + "/" + name, withIntermediateDirectories: false)
            _ = try scratch.write("x", to: "run/figures/\(name)/codes.png")
        }
        #expect(try RunPictures.retain(FigureSettings(keep: 1, keepEveryEpochs: 0), in: run, upTo: 3) == [])
        #expect(
            try Scratch.names(run.figuresPath) == [
                "best", "epoch-0001", "epoch-0001-paper", "epoch-0002", "epoch-0003", "epoch-1", "step-00000020",
            ])
        #expect(try Scratch.names(run.figuresPath + "/epoch-0001") == ["notes.txt"])
        #expect(try Scratch.names(scratch.file("elsewhere")) == ["codes.png"])
        for name in ["epoch-1", "epoch-0001-paper", "best", "step-00000020"] {
            #expect(try Scratch.names(run.figuresPath + "/" + name) == ["codes.png"])
        }
    }

    @Test("A removal that fails is told, and made good the next time", arguments: 1...9)
    func refused(_ operation: Int) throws {
        try draw(1...3)
        let faults = FaultyDisk(.fails(operation: operation, code: EACCES, written: 0))
        let settings = FigureSettings(keep: 2, keepEveryEpochs: 0)
        let removed = try? RunPictures.retain(settings, in: run, upTo: 3, disk: faults.disk)
        #expect((removed == nil) == (faults.failed > 0))
        #expect(try epochs().suffix(2) == [2, 3])
        _ = try RunPictures.retain(settings, in: run, upTo: 3)
        #expect(try epochs() == [2, 3])
    }
}
