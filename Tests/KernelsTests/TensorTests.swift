import Kernels
import Testing

@Suite struct TensorTests {
    private static let examples: [TensorValues] = [
        TensorValues([0.5, -.infinity, .nan] as [Double]), TensorValues([1, -2, .pi] as [Float]),
        TensorValues([.min, .max, 0] as [Int64]), TensorValues([.min, .max, 7] as [Int32]), TensorValues([0, 255, 1] as [UInt8]),
    ]

    @Test("there is an example of every element type")
    func types() { #expect(Self.examples.map(\.type) == ElementType.allCases) }

    @Test("values have the bytes of their type, and a copy has the same in memory of its own", arguments: examples)
    func copies(values: TensorValues) {
        #expect(values.count == 3 && values.byteCount == 3 * values.type.size)
        #expect(values.withBytes(\.count) == values.byteCount)
        let copy = values.copied()
        #expect(copy == values && copy.type == values.type)
        copy.withMutableBytes { $0[0] ^= 1 }
        #expect(copy != values)
        copy.copy(from: values)
        #expect(copy == values)
    }

    @Test("new values are zeros", arguments: ElementType.allCases, [0, 1, 33])
    func zeros(type: ElementType, count: Int) {
        let values = TensorValues(type, count: count)
        #expect(values.type == type && values.count == count && values.withBytes { $0.allSatisfy { $0 == 0 } })
    }

    @Test("values of two types differ, whatever their bits")
    func otherTypes() {
        #expect(TensorValues(.f32, count: 2) != TensorValues(.i32, count: 2))
        #expect(TensorValues(.u8, count: 2) != TensorValues(.u8, count: 3))
        #expect(TensorValues([-0.0]) != TensorValues([0.0]))
    }

    @Test("bytes are little-endian and views write through to their owner's memory")
    func views() {
        let storage = Storage<Int32>(count: 4)
        let values = TensorValues.i32(storage[1..<3])
        values.copy(from: TensorValues([1, -2] as [Int32]))
        #expect(storage.all.array == [0, 1, -2, 0])
        #expect(values.withBytes(Array.init) == [1, 0, 0, 0, 254, 255, 255, 255])
    }
}
