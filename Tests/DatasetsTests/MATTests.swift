import Datasets
import Foundation
import TestSupport
import Testing

/// Small files written by SciPy and h5py (matlab.py); their pixels follow a formula that is computed again here.
@Suite("SVHN and TFD, from MATLAB's files") struct MATTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    private func pixel(_ row: Int, _ column: Int, _ channel: Int, _ image: Int) -> UInt8 {
        UInt8((5 * row + 3 * column + 50 * channel + 11 * image) % 256)
    }

    /// Rows first, channels last.
    private func image(_ index: Int, side: Int, channels: Int) -> [UInt8] {
        (0..<side * side * channels).map { pixel($0 / channels / side, $0 / channels % side, $0 % channels, index) }
    }

    private func writeSVHN(in part: String = "", train: String = MATFixtures.svhnTrain) throws {
        try folder.write(part + "train_32x32.mat", base64(train))
        try folder.write(part + "test_32x32.mat", base64(MATFixtures.svhnTest))
        try folder.write(part + "extra_32x32.mat", base64(MATFixtures.svhnExtra))
    }

    private func open(_ settings: DataSettings, _ told: (ConversionProgress) -> Void = { _ in }) throws -> DataSet {
        try withoutActuallyEscaping(told) { try DataSet.open(settings, directory: folder.path, progress: $0) }
    }

    @Test("SVHN: every pixel of every image, label 10 is the digit 0; files in DIR or DIR/svhn", arguments: ["", "svhn/"])
    func svhn(part: String) throws {
        try writeSVHN(in: part)
        let data = try open(DataSettings(set: "svhn"))
        #expect(counts(data) == [5, 1, 2] && data.classes == 10 && data.settings.folder == folder.path)
        #expect(data.train.height == 32 && data.train.width == 32 && data.train.channels == 3)
        for index in 0..<5 { #expect(data.train.images([index]) == image(index, side: 32, channels: 3), "image \(index)") }
        #expect(data.validation.images([0]) == image(5, side: 32, channels: 3))
        #expect(data.test.images([1, 0]) == image(7, side: 32, channels: 3) + image(6, side: 32, channels: 3))
        #expect(
            data.train.labels(0..<5) == [0, 1, 2, 3, 4] && data.validation.labels([0]) == [5] && data.test.labels(0..<2) == [9, 0])
    }

    @Test("SVHN's extra images stand behind those of the training file, and the last of them validate")
    func extra() throws {
        try writeSVHN()
        let without = try open(DataSettings(set: "svhn"))
        let data = try open(DataSettings(set: "svhn", extra: true))
        #expect(counts(data) == [8, 1, 2] && data.identity != without.identity)
        #expect(data.train.labels(0..<8) == [0, 1, 2, 3, 4, 5, 7, 8] && data.validation.labels([0]) == [0])
        #expect(data.train.images([5, 6]) == image(5, side: 32, channels: 3) + image(8, side: 32, channels: 3))
        #expect(data.validation.images([0]) == image(10, side: 32, channels: 3))
    }

    @Test("TFD: the image is the first axis; a fold's parts; unlabelled images have no labels", arguments: [1, 2, 5])
    func tfd(fold: Int) throws {
        var identities: Set<String> = []
        for (part, content) in [("", MATFixtures.tfd), ("b/", MATFixtures.tfd73)] {
            try folder.write(part + "TFD_48x48.mat", base64(content))
            let data = try DataSet.open(DataSettings(set: "tfd", fold: fold), directory: folder.path + "/" + part)
            identities.insert(data.identity)
            // As matlab.py has it: images 1 to 7 are labelled 1 to 7, and fold f has image i for part 1 + (i + f) mod 3.
            func indices(_ part: Int) -> [Int] { (1...7).filter { 1 + ($0 + fold - 1) % 3 == part } }
            #expect(counts(data) == [3, indices(2).count, indices(3).count] && data.classes == 7)
            #expect(!data.train.hasLabels && data.validation.hasLabels && data.test.hasLabels)
            let faces = [0, 8, 9].flatMap { image($0, side: 48, channels: 1) }
            #expect(data.train.images(0..<3) == faces)
            #expect(data.validation.images([0]) == image(indices(2)[0], side: 48, channels: 1))
            #expect(data.validation.labels(0..<data.validation.count) == indices(2).map { UInt8($0 - 1) })
            #expect(data.test.labels(0..<data.test.count) == indices(3).map { UInt8($0 - 1) })
        }
        #expect(identities.count == 1, "what is in the files decides, not their format")
    }

    @Test("TFD's sizes: the first unlabelled images, the last of the fold's own; more than there are is told")
    func sizes() throws {
        try folder.write("TFD_48x48.mat", base64(MATFixtures.tfd))
        let data = try open(DataSettings(set: "tfd", train: 2, validation: 1))
        #expect(counts(data) == [2, 1, 2] && data.validation.labels([0]) == [6] && data.settings.fold == 1)
        let other = try open(DataSettings(set: "tfd", train: 2, validation: 1, fold: 3))
        #expect(other.identity != data.identity)
        let text = try dataError { _ = try open(DataSettings(set: "tfd", train: 4)) }
        #expect(text.contains("data.train is 4, expected at most 3, which this fold of"), "\(text)")
    }

    @Test("a file is converted once: again where it is another, or where what was made of it is damaged")
    func once() throws {
        try writeSVHN()
        var told: [ConversionProgress] = []
        let first = try open(DataSettings(set: "svhn")) { told.append($0) }.identity
        #expect(told.first == ConversionProgress(file: "train_32x32.mat", share: 0))
        #expect(told.last == ConversionProgress(file: "test_32x32.mat", share: 1))
        for file in ["train_32x32.mat", "test_32x32.mat"] {
            let shares = told.filter { $0.file == file }.map(\.share)
            #expect(shares == shares.sorted() && shares.count >= 4)
        }
        /// The files that are converted when the set is opened again, and whether the images are unchanged.
        func again() throws -> (files: [String], isSame: Bool) {
            told = []
            let identity = try open(DataSettings(set: "svhn")) { told.append($0) }.identity
            return (Set(told.map(\.file)).sorted(), identity == first)
        }
        #expect(try again() == ([], true))
        // Another time but the same content: the content is checked, and the new time noted.
        let path = folder.path + "/train_32x32.mat"
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: path)
        let before = try folder.read("train_32x32.mat.images")
        #expect(try again() == ([], true))
        let after = try folder.read("train_32x32.mat.images")
        #expect(before.count == after.count && before != after)
        #expect(before.indices.filter { before[$0] != after[$0] }.allSatisfy { (48..<56).contains($0) || (120..<124).contains($0) })
        // A header that does not fit its check sum, and a file that is too short.
        for damage in [after[..<60] + [after[60] ^ 1] + after[61...], after.dropLast()] {
            try folder.write("train_32x32.mat.images", Array(damage))
            #expect(try again() == (["train_32x32.mat"], true))
        }
        // One bit of a label, of a pixel, and of the last pixel: the disk returns other bytes than were written.
        let whole = try folder.read("train_32x32.mat.images")
        for place in [4_096, 10_000, whole.count - 1] {
            var flipped = whole
            flipped[place] ^= 16
            try folder.write("train_32x32.mat.images", flipped)
            #expect(try again() == (["train_32x32.mat"], true))
            #expect(told.allSatisfy { $0.damaged == folder.path + "/train_32x32.mat.images" })
            #expect(try folder.read("train_32x32.mat.images") == whole)
        }
        try folder.write("train_32x32.mat", base64(MATFixtures.svhnExtra))
        #expect(try again() == (["train_32x32.mat"], false))
    }

    @Test("where nothing can be written beside a file, the cache folder has what was made of it")
    func cache() throws {
        try writeSVHN(in: "data/")
        // A folder in the file's place stands for an unwritable place, since this user may be allowed to write anywhere.
        try folder.write("data/train_32x32.mat.images/x", [1])
        let directory = DataDirectory(
            environment: ["LOCKSTEP_DATA": folder.path + "/data", "XDG_CACHE_HOME": folder.path + "/cache", "HOME": "/nowhere"])
        var told = 0
        let first = try DataSet.open(DataSettings(set: "svhn"), in: directory) { _ in told += 1 }
        #expect(told > 0)
        let made = try folder.names.filter { $0.hasPrefix("cache/lockstep/converted/") }
        #expect(made.count == 1 && made[0].hasSuffix("-train_32x32.mat.images"), "\(made)")
        told = 0
        #expect(try DataSet.open(DataSettings(set: "svhn"), in: directory) { _ in told += 1 }.identity == first.identity)
        #expect(told == 0)
    }

    @Test("what a killed conversion left is removed by the next, and a part that is being written is not")
    func parts() throws {
        try writeSVHN()
        try folder.write("train_32x32.mat.images.1.part", [1])
        try folder.write("train_32x32.mat.images.2.part", [1])
        let old = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -3_600)]
        try FileManager.default.setAttributes(old, ofItemAtPath: folder.path + "/train_32x32.mat.images.1.part")
        _ = try open(DataSettings(set: "svhn"))
        #expect(try folder.names.filter { $0.hasSuffix(".part") } == ["train_32x32.mat.images.2.part"])
    }

    @Test(
        "a file that is none of these is told by its name, the variable and what is expected",
        arguments: [
            (MATFixtures.doubles, "its variable X has double of 32 × 32 × 3 × 1, expected uint8 of 32 × 32 × 3 × the number"),
            (MATFixtures.wrongLabel, "its variable y has the label 11 at index 1, expected 1 to 10, 10 for the digit 0"),
            (MATFixtures.fewLabels, "its variable y has uint8 of 1 × 1, expected 2 × 1, a label for each image of X"),
            (MATFixtures.tfd, "it has the variables images, labs_ex, labs_id, folds, expected a variable X"),
            (MATFixtures.small73, "it has the variables y, expected a variable X"),
            (MATFixtures.level4, "at byte 0 found 28 bytes, expected a MAT file, whose header has 128"),
        ])
    func wrong(content: String, text: String) throws {
        try writeSVHN(train: content)
        let found = try dataError { _ = try open(DataSettings(set: "svhn")) }
        #expect(found.hasPrefix(folder.path + "/train_32x32.mat") && found.contains(text), "\(found)")
        #expect(try folder.names == ["extra_32x32.mat", "test_32x32.mat", "train_32x32.mat"])
    }

    @Test(
        "faces without what a fold needs",
        arguments: [
            (MATFixtures.wrongFold, "its variable folds has the value 4 at index 2, expected 0 (unlabelled), 1 (train)"),
            (MATFixtures.unknownFace, "its variable labs_ex has no label for the image at index 1, expected one, since fold 1"),
            (MATFixtures.svhnTest, "it has the variables X, y, expected a variable images"),
        ])
    func wrongFaces(content: String, text: String) throws {
        try folder.write("TFD_48x48.mat", base64(content))
        let found = try dataError { _ = try open(DataSettings(set: "tfd")) }
        #expect(found.contains(text), "\(found)")
    }

    @Test("text, gzip, another version, a header alone and a struct beside the images")
    func others() throws {
        let plain = try base64(MATFixtures.svhnTrain)
        let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] + [UInt8](repeating: 0, count: 600)
        let cases: [([UInt8], String)] = [
            (Array(String(repeating: "no MAT file. ", count: 20).utf8), "at byte 126 found no mark of MATLAB's byte order"),
            (
                hdf5,
                "train_32x32.mat cannot be used: it has HDF5 without the 512 bytes that MATLAB puts before it, expected a MAT file"
            ),
            (gzip(plain), "at byte 0 found a gzip stream, expected a MAT file: unpack it (gunzip)"),
            (plain[..<124] + [0, 3] + plain[126...], "at byte 124 found version 3, expected 1 (MAT 5) or 2 (MAT 7.3)"),
            (plain[..<124] + [0, 2] + plain[126...], "at byte 512 found no superblock of HDF5"),
            (Array(plain[..<128]), "it has no variables, expected a variable X"),
        ]
        for (content, text) in cases {
            try writeSVHN()
            try folder.write("train_32x32.mat", content)
            let found = try dataError { _ = try open(DataSettings(set: "svhn")) }
            #expect(found.contains(text), "\(found)")
        }
        try folder.write("train_32x32.mat", base64(MATFixtures.withStruct))
        #expect(try open(DataSettings(set: "svhn", extra: true)).train.images([0]) == image(0, side: 32, channels: 3))
    }

    @Test("a file that was cut short or whose bits have changed is damaged, and nothing half converted is left")
    func damaged() throws {
        for content in [MATFixtures.svhnTrain, MATFixtures.svhnExtra].map({ try? base64($0) }) {
            let whole = try #require(content)
            try writeSVHN()
            for length in stride(from: 0, to: whole.count, by: whole.count / 7) + [whole.count - 1] {
                try folder.write("train_32x32.mat", Array(whole[..<length]))
                #expect(throws: DataError.self, "the first \(length) bytes") { try open(DataSettings(set: "svhn")) }
                #expect(try folder.names.count == 3)
            }
        }
        // Deflate would unpack it to other pixels: the packed variable's check sum shows the damage.
        var flipped = try base64(MATFixtures.svhnTrain)
        flipped[700] ^= 4
        try folder.write("train_32x32.mat", flipped)
        let text = try dataError { _ = try open(DataSettings(set: "svhn")) }
        #expect(text.contains("at byte 136 found a packed variable that does not unpack"), "\(text)")
        #expect(text.contains("(`lockstep data verify svhn --data \(folder.path)` checks the published ones"), "\(text)")
    }

    @Test("MAT 7.3 with a class that no zero ends, as h5py writes NumPy's text, is told with how to write it")
    func unended() throws {
        var bytes = try base64(MATFixtures.svhnExtra)
        // Behind the attribute's name: its type, a text, how it is filled up (0 ended by a zero, 1 filled up with zeros), 5 bytes.
        let head = Array("MATLAB_class\0\0\0\0".utf8) + [0x13, 0, 0, 0, 5]
        let place = try #require((0..<bytes.count - head.count).first { bytes[$0...].starts(with: head) })
        bytes[place + 17] = 1
        try writeSVHN()
        try folder.write("train_32x32.mat", bytes)
        let text = try dataError { _ = try open(DataSettings(set: "svhn")) }
        #expect(
            text.contains(
                "its variable X has no MATLAB class that can be read, expected a full array of numbers with a MATLAB_class that is ended "
                    + "by a zero (h5py: attrs.create('MATLAB_class', b'uint8', dtype='S6'), S7 of b'double'); replace the file"),
            "\(text)")
    }

    @Test("what a variable claims is refused before memory is taken", arguments: [1_000, 1 << 20, 1 << 28, 1 << 31, (1 << 32) - 1])
    func claims(count: Int) throws {
        // 32 × 32 × 3 × count in an element that holds 8 bytes, by hand: flags, dimensions, name, data.
        let flags = littleEndian(6, 4) + littleEndian(8, 4) + littleEndian(9, 4) + littleEndian(0, 4)
        let shape = littleEndian(5, 4) + littleEndian(16, 4) + [32, 32, 3, count].flatMap { littleEndian($0, 4) }
        let name = littleEndian(1, 2) + littleEndian(1, 2) + [0x58, 0, 0, 0]
        let content = flags + shape + name + littleEndian(2, 4) + littleEndian(8, 4) + [UInt8](repeating: 7, count: 8)
        let head = Array(try base64(MATFixtures.svhnTrain)[..<128])
        try writeSVHN()
        try folder.write("train_32x32.mat", head + littleEndian(14, 4) + littleEndian(content.count, 4) + content)
        let text = try dataError { _ = try open(DataSettings(set: "svhn")) }
        #expect(text.contains("its variable X has") || text.contains("expected a variable X"), "\(text)")
        // Lengths are signed: one of more than 31 bits must not be shown as positive.
        #expect(!text.contains("× \(UInt32.max)") && !text.contains("× \(1 << 31)"), "\(text)")
    }

    @Test("whatever a damaged file does to libmatio and HDF5, this process goes on with a sentence")
    func survives() throws {
        let whole = try base64(MATFixtures.svhnExtra)
        // With HDF5 1.10.8, rounds 17 and 53 end the reader process by a signal.
        var state: UInt64 = 3
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<60 {
            var bytes = whole
            for _ in 0...random(4) {
                let place = 512 + random(2_500)
                if random(2) == 0 {
                    bytes[place] = UInt8(random(256))
                } else {
                    for index in place..<place + 8 { bytes[index] = 0xFF }
                }
            }
            let path = try folder.write("damaged.mat", bytes)
            do {
                let file = try MATFile(path)
                for name in ["X", "y"] { _ = try file.integers(file.variable(name)) }
            } catch {
                #expect(error is DataError, "round \(round): \(error)")
            }
        }
    }

    @Test("files that are missing: SVHN's can be fetched, TFD's asked for")
    func missing() throws {
        let text = try dataError { _ = try open(DataSettings(set: "svhn", extra: true)) }
        #expect(text.contains("train_32x32.mat, test_32x32.mat, extra_32x32.mat not found"), "\(text)")
        #expect(text.contains("run `lockstep data fetch svhn --extra --data \(folder.path)`"), "\(text)")
        let faces = try dataError { _ = try open(DataSettings(set: "tfd")) }
        #expect(
            faces.contains("TFD_48x48.mat not found") && faces.contains("its owners give it on request: put it into"), "\(faces)")
    }
}

/// Five crops of the real SVHN are not part of the project: this runs where LOCKSTEP_DATA names a folder that has them.
private let crops = DataDirectory().find("sample5_32x32.mat", of: "svhn")

@Suite("Real crops of SVHN", .enabled(if: crops != nil, "needs sample5_32x32.mat: set LOCKSTEP_DATA to its folder"))
struct RealSVHNTests {
    @Test("have the labels and the pixels that SciPy reads")
    func opens() throws {
        let folder = Scratch()
        let content = Array(try Data(contentsOf: URL(fileURLWithPath: try #require(crops))))
        for name in ["train_32x32.mat", "test_32x32.mat"] { try folder.write(name, content) }
        let data = try DataSet.open(DataSettings(set: "svhn"), directory: folder.path)
        #expect(data.test.labels(0..<5) == [5, 1, 8, 9, 4])
        let first = data.test.images([0])
        #expect(Array(first[..<6]) == [38, 103, 60, 39, 104, 61])
        #expect(Array(first[96..<102]) == [39, 104, 61, 39, 104, 61])
    }
}
