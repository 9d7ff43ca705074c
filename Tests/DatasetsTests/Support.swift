import Datasets
import Foundation
import TestSupport
import Testing

extension Scratch {
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String { try write(bytes, to: name) }
}

func base64(_ text: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: text))) }

func bigEndian(_ values: UInt32...) -> [UInt8] {
    values.flatMap { value in stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) } }
}

func littleEndian(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

func idxImages(_ count: Int, _ rows: Int, _ columns: Int, first: Int = 0) -> [UInt8] {
    bigEndian(0x803, UInt32(count), UInt32(rows), UInt32(columns))
        + (0..<count * rows * columns).map { UInt8(truncatingIfNeeded: first + $0) }
}

func idxLabels(_ labels: [UInt8]) -> [UInt8] { bigEndian(0x801, UInt32(labels.count)) + labels }

func checkSum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
}

/// A gzip member whose deflate blocks are stored, not packed.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var packed: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    for start in stride(from: 0, to: max(bytes.count, 1), by: 65_535) {
        let block = bytes[start..<min(start + 65_535, bytes.count)]
        packed.append(start + 65_535 >= bytes.count ? 1 : 0)
        packed += littleEndian(block.count, 2) + littleEndian(~block.count, 2) + block
    }
    return packed + littleEndian(Int(checkSum(bytes)), 4) + littleEndian(bytes.count, 4)
}

/// The sentence of the `DataError` that `body` throws.
func dataError(_ body: () throws -> Void) throws -> String {
    let error = try #require(throws: DataError.self) { try body() }
    return error.description
}

/// Images in training, validation and test.
func counts(_ data: DataSet) -> [Int] { DataSet.Split.allCases.map { data.subset($0).count } }

/// A zip archive of stored members; `change` may spoil an entry of the directory.
func zip(_ members: [(String, [UInt8])], change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in members {
        let common =
            littleEndian(0, 2) + littleEndian(0, 2) + littleEndian(0, 4) + littleEndian(Int(checkSum(content)), 4)
            + littleEndian(content.count, 4) + littleEndian(content.count, 4) + littleEndian(name.utf8.count, 2)
        var entry = [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + common + [UInt8](repeating: 0, count: 12)
        entry += littleEndian(file.count, 4) + Array(name.utf8)
        change(&entry)
        directory += entry
        file += [0x50, 0x4B, 3, 4, 20, 0] + common + [0, 0] + Array(name.utf8) + content
    }
    let end =
        [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + littleEndian(members.count, 2) + littleEndian(members.count, 2)
        + littleEndian(directory.count, 4) + littleEndian(file.count, 4) + [0, 0]
    return file + directory + end
}
