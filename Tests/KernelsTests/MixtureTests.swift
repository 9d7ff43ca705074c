import Glibc
import Kernels
import Testing

@Suite struct MixtureTests {
    @Test("Sums over Gaussians are those of libm in double precision", arguments: [1, 15, 16, 17, 1_000])
    func sums(columns: Int) {
        let rows = 3
        let x = Matrix(testValues(rows * columns, seed: 5, std: 8), rows: rows, columns: columns)
        let offsets = testValues(columns, seed: 6, std: 4).array.map { Double($0) - 100 }
        let scales = [0.5, 5, 50]
        let (largest, sums) = (Storage<Double>(count: rows).all, Storage<Double>(count: rows * scales.count).all)
        Mixtures.sums(x, offsets: Slice(offsets), scales: scales, largest: largest, into: sums)
        for row in 0..<rows {
            let places = (0..<columns).map { 2 * Double(x[row, $0]) + offsets[$0] }
            let most = places.max()!
            #expect(largest[row] == most)
            for (index, scale) in scales.enumerated() {
                let expected = places.reduce(0) { $0 + exp(scale * ($1 - most)) }
                #expect(abs(sums[row * scales.count + index] / expected - 1) < 1e-6)
            }
        }
    }

    @Test("What is not a number comes out, wherever it stands")
    func notANumber() {
        for place in [0, 15, 16, 20] {
            let x = Matrix(testValues(21, seed: 5), rows: 1, columns: 21)
            x[0, place] = .nan
            let (largest, sums) = (Storage<Double>(count: 1).all, Storage<Double>(count: 1).all)
            Mixtures.sums(x, offsets: Storage<Double>(count: 21).all, scales: [1000], largest: largest, into: sums)
            #expect(sums[0].isNaN)
        }
    }
}
