import Kernels

/// The parts of a prior, one for each class (section 2.3 of the paper), to see whether codes lie in the part of their class.
public struct CodeParts: Sendable {
    /// As many as there are classes.
    public let count: Int
    private let place: @Sendable (_ code: Slice<Float>) -> Int

    /// `place` is called with finite codes only.
    init(count: Int, place: @escaping @Sendable (_ code: Slice<Float>) -> Int) {
        self.count = count
        self.place = place
    }

    /// The part under which a code is most likely, 0..<count; nil for what is no number.
    public func part(of code: Slice<Float>) -> Int? {
        code.indices.allSatisfy { code[$0].isFinite } ? place(code) : nil
    }
}
