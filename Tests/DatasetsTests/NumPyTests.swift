import Datasets
import Kernels
import TestSupport
import Testing

@Suite("NumPy files") struct NumPyTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    private static let float32 =
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAQwEdEAwDbD0lAAAAAAAAAAIA="
    private static let float64 =
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqamZmZmZm5P5x1AIg85Dd+"

    @Test("a float32 file of NumPy's is read, and written with the same bytes")
    func float32() throws {
        let bytes = try base64(Self.float32)
        let array = try NPY.read(try folder.write("a.npy", bytes))
        let values: [Float] = [1.5, -2.25, Float(3e-40 as Double), Float(Double.pi), 0, -0.0]
        #expect(array.shape == [2, 3])
        #expect(array.values.floats?.array.map(\.bitPattern) == values.map(\.bitPattern))
        try NPY.write(values, shape: [2, 3], to: "\(folder.path)/b.npy")
        #expect(try folder.read("b.npy") == bytes)
        #expect(try folder.names == ["a.npy", "b.npy"])
    }

    @Test("float64 is read and rounded to Float where asked")
    func float64() throws {
        let array = try NPY.read(try folder.write("a.npy", try base64(Self.float64)))
        #expect(array.values == TensorValues([0.1, 1e300]))
        #expect(array.values.floats?.array == [0.1, .infinity])
        #expect(array.values.integers == nil)
    }

    @Test("integers come back as they were written", arguments: [[Int](), [0], [1, -1, .max, .min], Array(0..<70_000)])
    func integers(values: [Int]) throws {
        let path = "\(folder.path)/sub/i.npy"
        try NPY.write(values.map { Int64($0) }, shape: [values.count], to: path)
        #expect(try NPY.read(path).values.integers == values.map { Int64($0) })
        let small = values.map { Int32(truncatingIfNeeded: $0) }
        try NPY.write(small, shape: [values.count, 1], to: path)
        #expect(try NPY.read(path).values == TensorValues(small))
        let bytes = values.map { UInt8(truncatingIfNeeded: $0) }
        try NPY.write(bytes, shape: [1, values.count], to: path)
        let array = try NPY.read(path)
        #expect(array.values == TensorValues(bytes) && array.shape == [1, values.count])
    }

    @Test("a file that is not committed leaves nothing, an older one stays")
    func uncommitted() throws {
        try folder.write("a.npy", [1, 2, 3])
        do {
            let writer = try NPYWriter<Float>("\(folder.path)/a.npy", shape: [2])
            try writer.append([1])
        }
        #expect(try folder.names == ["a.npy"])
        #expect(try folder.read("a.npy") == [1, 2, 3])
    }

    @Test(
        "unfit headers name the place and what would do",
        arguments: [
            ("{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", "is of '|f4', a type that is not read as arrays"),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "is of '<c8', a type that is not read as arrays"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "is of '[('a', '<f4')]', a type"),
            ("{'descr': '<f4', 'fortran_order': None, 'shape': (1,), }", "another value of fortran_order"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "4 bytes of values, expected 8"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 16), }", "at most"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "another dimension"),
            ("{'descr': '<f4', 'fortran_order': False, }", "an incomplete header"),
            ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "key 'descr'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x", "an incomplete header"),
            ("[1]", "another character"),
        ])
    func unfit(header: String, text: String) throws {
        let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian(header.utf8.count, 2) + Array(header.utf8) + [0, 0, 0, 0]
        let path = try folder.write("a.npy", bytes)
        let found = try dataError { _ = try NPY.read(path) }
        #expect(found.contains(text) && found.contains(path), "\(found)")
    }

    @Test("a scalar and later header versions are read", arguments: [1, 2, 3])
    func versions(version: UInt8) throws {
        let header = Array("{'shape': (), 'fortran_order': False, 'descr': '<u1'}".utf8)
        let length = littleEndian(header.count, version == 1 ? 2 : 4)
        let path = try folder.write("a.npy", [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + [200])
        let array = try NPY.read(path)
        #expect(array.shape == [] && array.values == TensorValues([200] as [UInt8]))
    }

    @Test("a file cut at any byte is an error, and no flipped bit is a crash")
    func damaged() throws {
        let whole = try base64(Self.float64)
        for length in 0..<whole.count {
            let path = try folder.write("a.npy", Array(whole.prefix(length)))
            #expect(throws: DataError.self, "\(length)") { try NPY.read(path) }
        }
        for bit in 0..<128 * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            _ = try? NPY.read(try folder.write("a.npy", bytes))
        }
    }
}
