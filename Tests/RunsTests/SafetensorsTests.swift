import Foundation
import Kernels
import Runs
import TestSupport
import Testing

@Suite struct SafetensorsTests {
    static let tensors = [
        Tensor(name: "bytes", shape: [3], values: TensorValues([1, 2, 255] as [UInt8])),
        Tensor(
            name: "encoder.0.weight", shape: [2, 3],
            values: TensorValues([1, -2, 0.5, .pi, .leastNonzeroMagnitude, -0.0] as [Float])),
        Tensor(name: "exact.reconstruction.exponents", shape: [2], values: TensorValues([-100, .min] as [Int32])),
        Tensor(name: "optimizer.generator.beta_powers", shape: [2], values: TensorValues([0.9, 0.999] as [Double])),
        Tensor(name: "counts", shape: [1, 1], values: TensorValues([Int64.max])),
        Tensor(name: "nothing", shape: [0, 4], values: TensorValues([] as [Float])),
        Tensor(name: "single", shape: [], values: TensorValues([7] as [Float])),
    ]
    static let metadata = ["step": "12", "configuration": "name: \"a\"\nseed: 0\n", "ünicode": "é"]

    static func bytes(chunk: Int = 1 << 20) throws -> [UInt8] {
        try SafetensorsStream(tensors, metadata: metadata, chunkBytes: chunk).reduce(into: []) { $0 += $1 }
    }

    /// A file with this header text and these data bytes.
    static func file(_ header: String, data: Int) -> [UInt8] {
        let length = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    @Test("Every type, shape and text reads back from memory and from a file")
    func roundTrip() throws {
        let scratch = Scratch()
        let path = scratch.file("state.safetensors")
        try Safetensors.write(Self.tensors, metadata: Self.metadata, to: path)
        #expect(try Scratch.names(scratch.path) == ["state.safetensors"])
        for reader in [try SafetensorsReader(path: path), try SafetensorsReader(bytes: Self.bytes(), name: "memory")] {
            #expect(reader.metadata == Self.metadata)
            #expect(reader.tensors.count == Self.tensors.count)
            #expect(try reader.array("bytes", of: UInt8.self) == [1, 2, 255])
            #expect(
                try reader.array("encoder.0.weight", of: Float.self).map(\.bitPattern)
                    == [1, -2, 0.5, Float.pi, Float.leastNonzeroMagnitude, -0.0].map(\.bitPattern))
            #expect(try reader.entry("encoder.0.weight").shape == [2, 3])
            #expect(try reader.array("exact.reconstruction.exponents", of: Int32.self) == [-100, .min])
            #expect(try reader.array("optimizer.generator.beta_powers", of: Double.self) == [0.9, 0.999])
            #expect(try reader.array("counts", of: Int64.self) == [.max])
            #expect(try reader.array("nothing", of: Float.self) == [])
            #expect(try reader.entry("single").shape == [])
            let destination = Storage<Float>(count: 6)
            try reader.read("encoder.0.weight", into: destination.all)
            #expect(destination.all[3] == .pi)
        }
    }

    @Test("The pieces are the same bytes whatever their length", arguments: [1, 2, 7, 8, 64, 1_000])
    func pieces(chunk: Int) throws {
        let whole = try Self.bytes()
        let stream = try SafetensorsStream(Self.tensors, metadata: Self.metadata, chunkBytes: chunk)
        #expect(stream.totalBytes == whole.count)
        #expect(stream.dropFirst().allSatisfy { !$0.isEmpty && $0.count <= chunk })
        #expect(try Self.bytes(chunk: chunk) == whole)
    }

    @Test("The data begins at a multiple of eight and every tensor at a multiple of its element's size")
    func alignment() throws {
        let bytes = try Self.bytes()
        let header = bytes[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        #expect(header % 8 == 0)
        let reader = try SafetensorsReader(bytes: bytes, name: "memory")
        #expect(reader.tensors.allSatisfy { $0.bytes.lowerBound % $0.type.size == 0 })
    }

    @Test("A large tensor passes through pieces in both directions")
    func large() throws {
        let scratch = Scratch()
        let count = 700_001
        let values = (0..<count).map { Float($0) }
        let path = scratch.file("large.safetensors")
        try Safetensors.write([Tensor(name: "w", shape: [count], values: TensorValues(values))], metadata: [:], to: path)
        #expect(try SafetensorsReader(path: path).array("w", of: Float.self) == values)
    }

    @Test("Two tensors of one name are refused by the writer")
    func duplicates() {
        let tensor = Tensor(name: "w", shape: [1], values: TensorValues([1] as [Float]))
        #expect(
            sentence { _ = try SafetensorsStream([tensor, tensor], metadata: [:]) }
                == "the stream: two tensors are named w; expected distinct names.")
    }

    @Test(
        "A header that is wrong is refused with the file, the byte and what was expected",
        arguments: [
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
                "x, byte 8: tensor a: its offsets span 4 bytes; expected 8 for F32 [2]."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3,
                "x, byte 8: tensor a: its offsets are [0,4]; expected a start and an end within the 3 bytes of data."
            ),
            (
                #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4,
                "x, byte 8: tensor a: its type is \"F16\"; expected one of F64, F32, I64, I32, U8."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4,
                "x, byte 8: tensor a: its offsets are [4,0]; expected a start and an end within the 4 bytes of data."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
                "x, byte 8: tensor a: its shape is wrong; expected whole numbers that are not negative."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
                "x, byte 8: tensor a: its shape is too large; expected a size that 63 bits can count."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1]}}"#, 4,
                "x, byte 8: tensor a: its description is wrong; expected the keys dtype, shape and data_offsets."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#, 5,
                "x, byte 117: tensor b overlaps the one before it; expected its first byte at 4 of the data."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}"#, 6,
                "x, byte 119: tensor b leaves a gap before it; expected its first byte at 4 of the data."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 6,
                "x, byte 66: 2 bytes follow the last tensor; expected none."
            ),
            (
                #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#, 0,
                "x, byte 62: the header is not JSON; expected a key other than \"a\", which stood before,."
            ),
            (#"{"__metadata__":{"a":1}}"#, 0, "x, byte 8: __metadata__ is wrong; expected an object of texts."),
            (#"[]"#, 0, "x, byte 8: the header is not an object; expected tensors by name."),
            (#"{"a":"#, 0, "x, byte 13: the header is not JSON; expected a value."),
        ])
    func wrongHeaders(header: String, data: Int, expected: String) {
        #expect(sentence { _ = try SafetensorsReader(bytes: Self.file(header, data: data), name: "x") } == expected)
    }

    @Test(
        "A length of the header that cannot be is refused before memory is taken",
        arguments: [
            ([UInt8](repeating: 0, count: 4), "x, byte 0: the file has 4 bytes; expected at least the 8 of the header's length."),
            (
                [255, 255, 255, 255, 255, 255, 255, 255, 123],
                "x, byte 0: the header says it has 18446744073709551615 bytes; expected at most 16777216."
            ),
            (
                [3, 0, 0, 0, 0, 0, 0, 0, 123, 125],
                "x, byte 0: the header says it has 3 bytes; expected at least 2 and no more than the 2 that follow in the file."
            ),
            (
                [0, 0, 0, 0, 0, 0, 0, 0],
                "x, byte 0: the header says it has 0 bytes; expected at least 2 and no more than the 0 that follow in the file."
            ),
        ] as [([UInt8], String)])
    func wrongLengths(bytes: [UInt8], expected: String) {
        #expect(sentence { _ = try SafetensorsReader(bytes: bytes, name: "x") } == expected)
    }

    @Test("A file cut anywhere is refused")
    func truncated() throws {
        let whole = try Self.bytes()
        for length in whole.indices {
            #expect(throws: SafetensorsError.self, "cut at \(length)") {
                try SafetensorsReader(bytes: Array(whole[..<length]), name: "x")
            }
        }
    }

    @Test("A header with any bit turned is refused or still describes its data exactly")
    func turnedBits() throws {
        let whole = try Self.bytes()
        let headerEnd = 8 + whole[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        for position in 0..<headerEnd {
            for bit in 0..<8 {
                var bytes = whole
                bytes[position] ^= 1 << bit
                guard let reader = try? SafetensorsReader(bytes: bytes, name: "x") else { continue }
                for tensor in reader.tensors { #expect(try reader.rawBytes(tensor.name).count == tensor.count * tensor.type.size) }
            }
        }
    }

    @Test("A tensor that is not there, or of another type or size, is named")
    func wrongQuestions() throws {
        let reader = try SafetensorsReader(bytes: Self.bytes(), name: "x")
        #expect(
            sentence { _ = try reader.array("encoder.0.weigth", of: Float.self) }
                == "x: there is no tensor encoder.0.weigth; the nearest is encoder.0.weight; expected one of its 7 tensors.")
        #expect(sentence { _ = try reader.array("single", of: Double.self) }.hasSuffix(": tensor single is F32; expected F64."))
        #expect(
            sentence { try reader.read("single", into: Storage<Float>(count: 2).all) }.hasSuffix(
                ": tensor single has 1 elements; expected 2."))
    }

    @Test("A file that is not there says so")
    func missing() {
        #expect(
            sentence { _ = try SafetensorsReader(path: "/nowhere/x") }
                == "Cannot open /nowhere/x: No such file or directory; check the path.")
    }
}
