import Kernels
import Testing

@Suite("Products") struct ProductTests {
    static let shapes = [(1, 1, 1), (0, 3, 4), (3, 2, 1), (7, 5, 8), (25, 33, 17), (12, 784, 30), (64, 100, 10)]

    @Test("The three products agree with double precision", arguments: shapes)
    func agree(b: Int, i: Int, o: Int) {
        let x = Matrix(testValues(b * i, seed: 1), rows: b, columns: i)
        let w = Matrix(testValues(o * i, seed: 2), rows: o, columns: i)
        let dy = Matrix(testValues(b * o, seed: 3), rows: b, columns: o)
        func close(_ m: Matrix, _ r: Int, _ c: Int, inner: Int, _ term: (Int) -> (Float, Float)) {
            var sum = 0.0
            var size = 0.0
            for k in 0..<inner {
                let (p, q) = term(k)
                sum += Double(p) * Double(q)
                size += abs(Double(p) * Double(q))
            }
            #expect(abs(Double(m[r, c]) - sum) <= 1e-5 * size + 1e-30)
        }
        let y = Matrix(rows: b, columns: o)
        let dx = Matrix(rows: b, columns: i)
        let dw = Matrix(rows: o, columns: i)
        for m in [y, dx, dw] { m.values.fill(.nan) }
        let before = Products.workCounter
        Products.forward(x, w, into: y)
        Products.backwardInput(dy, w, into: dx)
        Products.backwardWeight(dy, x, into: dw)
        #expect(Products.workCounter >= before + 3)
        for r in 0..<b { for c in 0..<o { close(y, r, c, inner: i) { (x[r, $0], w[c, $0]) } } }
        for r in 0..<b { for c in 0..<i { close(dx, r, c, inner: o) { (dy[r, $0], w[$0, c]) } } }
        for r in 0..<o { for c in 0..<i { close(dw, r, c, inner: b) { (dy[$0, r], x[$0, c]) } } }
    }

    @Test("A fingerprint repeats, and depends on the shapes")
    func fingerprint() {
        let shapes = [Fingerprint.Shape(rows: 25, inputs: 50, outputs: 20), .init(rows: 3, inputs: 20, outputs: 2)]
        let probe = Fingerprint.probe(shapes: shapes)
        #expect(probe == Fingerprint.probe(shapes: shapes) && probe != Fingerprint.probe(shapes: shapes.reversed()))
    }

    @Test("A product has the same bits on every thread of a team and at every alignment")
    func threadsAndAlignment() {
        let (b, i, o) = (25, 130, 70)
        let x = testValues(b * i, seed: 1)
        let w = Matrix(testValues(o * i, seed: 2), rows: o, columns: i)
        let results = (0..<4).map { _ in Matrix(rows: b, columns: o) }
        ThreadTeam(threads: 4).run { index in
            let shifted = Storage<Float>(count: b * i + 3)[index..<index + b * i]
            shifted.copy(from: x)
            Products.forward(Matrix(shifted, rows: b, columns: i), w, into: results[index])
        }
        for result in results { #expect(bits(result.values) == bits(results[0].values)) }
    }
}

@Suite("Kernel family") struct KernelFamilyTests {
    @Test("auto resolves to a family this CPU has, with one thread")
    func automatic() throws {
        let family = KernelFamily.detect()
        #expect(family.isSupported)
        #expect(try KernelFamily.named("auto") == family)
        #expect(try KernelFamily.environment(for: "auto") == KernelFamily.environment(for: family.rawValue))
        #expect(try KernelFamily.environment(for: "nehalem") == ["OPENBLAS_CORETYPE": "NEHALEM", "OPENBLAS_NUM_THREADS": "1"])
    }

    @Test("An unknown name is refused in a sentence that lists the known ones")
    func unknown() {
        #expect(throws: KernelFamilyError.unknown(name: "haswel")) { try KernelFamily.environment(for: "haswel") }
        let sentence = KernelFamilyError.unknown(name: "haswel").description
        #expect(sentence.contains("\"haswel\"") && sentence.contains("haswell") && sentence.contains("auto"))
    }

    @Test("The library says what it is")
    func library() {
        #expect(KernelFamily.libraryVersion.hasPrefix("OpenBLAS 0."))
        #expect(!KernelFamily.loaded.isEmpty)
    }
}
