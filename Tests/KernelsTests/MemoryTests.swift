import Kernels
import Testing

@Suite("Storage, slices and matrices") struct MemoryTests {
    @Test("A storage is zeroed and aligned at every size", arguments: awkwardSizes + [2_000_000])
    func zeroed(count: Int) {
        let storage = Storage<Float>(count: count)
        #expect(storage.all.count == count && storage.all.array.allSatisfy { $0 == 0 })
        storage.all.withUnsafeBytes { #expect(Int(bitPattern: $0.baseAddress) % 64 == 0 && $0.count == 4 * count) }
    }

    @Test("Threads are as many as there is room for: not so many that the address space has no end of them, and one at least")
    func threads() {
        #expect(MemoryRoom.threads(atMost: 1) == 1 && MemoryRoom.threads(atMost: 0) == 1)
        let most = MemoryRoom.threads(atMost: 1_000_000)
        #expect(most < 1_000_000 && MemoryRoom.threads(atMost: most) == most)
    }

    @Test("A slice is a view that keeps its storage alive")
    func views() {
        var slice = Storage<Int32>(count: 10)[2..<8]
        slice.fill(3)
        slice[1] = 7
        let copy = slice
        slice = slice[1..<3]
        copy[2] = 9
        #expect(slice.array == [7, 9] && copy.array == [3, 7, 9, 3, 3, 3])
        slice.copy(from: [1, 2])
        #expect(copy.array == [3, 1, 2, 3, 3, 3])
        copy[1..<6].copy(from: copy[0..<5])
        #expect(copy.array == [3, 3, 1, 2, 3, 3])
    }

    @Test("Rows of a matrix are views of it")
    func rows() {
        let m = Matrix(rows: 4, columns: 3)
        m.rows(1..<3)[1, 2] = 5
        #expect(m[2, 2] == 5 && m.row(2).array == [0, 0, 5] && m.rows(4..<4).values.isEmpty)
    }

    @Test("Bounds and shapes are checked")
    func checks() async {
        await #expect(processExitsWith: .failure) { _ = Storage<Float>(count: 3).all[3] }
        await #expect(processExitsWith: .failure) { Storage<Float>(count: 3).all[-1] = 0 }
        await #expect(processExitsWith: .failure) { _ = Storage<Float>(count: 3)[2..<4] }
        await #expect(processExitsWith: .failure) { _ = Matrix(rows: 2, columns: 2)[1, 2] }
        await #expect(processExitsWith: .failure) {
            Products.forward(Matrix(rows: 2, columns: 3), Matrix(rows: 4, columns: 2), into: Matrix(rows: 2, columns: 4))
        }
        await #expect(processExitsWith: .failure) {
            Elementwise.axpy(1, Storage<Float>(count: 3).all, into: Storage<Float>(count: 4).all)
        }
    }
}
