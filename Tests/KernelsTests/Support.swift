import Kernels

/// Sizes around the 16 lanes, the 64-element groups and the 4,096-element blocks.
let awkwardSizes = [0, 1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 1000, 1023, 1024, 4095, 4096, 4097, 10_007]

/// Numbers for tests: normal, with exact zeros, sign changes and a wide range of magnitudes mixed in.
func testValues(_ count: Int, seed: UInt64, std: Float = 1) -> Slice<Float> {
    let m = Matrix(rows: 1, columns: count)
    let source = RandomSource(seed: seed, purpose: .sample, step: 0)
    source.fillNormal(m, firstRow: 0, std: std)
    for i in 0..<count where source.word(row: 9, element: i) % 5 == 0 { m.values[i] = 0 }
    for i in 0..<count where source.word(row: 9, element: i) % 7 == 1 { m.values[i] *= 0x1p-20 }
    return m.values
}

func copy<T: BitwiseCopyable>(_ slice: Slice<T>) -> Slice<T> { Slice(slice.array) }

func bits(_ slice: Slice<Float>) -> [UInt32] { slice.array.map(\.bitPattern) }

/// Lane sums as the kernels promise them: element i in lane i mod 16, halves added to halves.
func laneSum(_ values: [Double]) -> Double {
    var lanes = [Double](repeating: 0, count: 16)
    for (i, value) in values.enumerated() { lanes[i % 16] += value }
    var width = 8
    while width > 0 {
        for j in 0..<width { lanes[j] += lanes[j + width] }
        width /= 2
    }
    return lanes[0]
}
