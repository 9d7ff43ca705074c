import Kernels

extension RandomSource {
    /// A permutation of 0..<count, a different one for each round (Fisher and Yates).
    func order(of count: Int, round: Int) -> [Int] {
        var order = Array(0..<count)
        for place in 0..<max(0, count - 1) {
            let word = word(row: UInt32(round), element: place)
            order.swapAt(place, place + Int(UInt64(word) * UInt64(count - place) >> 32))
        }
        return order
    }
}
