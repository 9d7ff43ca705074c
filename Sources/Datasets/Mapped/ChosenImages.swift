/// Some of a source's images, in the order of their indices there, with or without their labels.
struct ChosenImages: ImageSource {
    private let source: any ImageSource
    private let indices: [UInt32]
    let hasLabels: Bool
    let identity: String

    init(_ indices: [Int], of source: any ImageSource, hasLabels: Bool) {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < source.count }, "indices of \(source.count) images")
        self.source = source
        self.indices = indices.map { UInt32($0) }
        self.hasLabels = hasLabels
        identity = textDigest("\(source.identity) \(hasLabels ? "with" : "without") labels: \(indices)")
    }

    var name: String { source.name }
    var count: Int { indices.count }
    var height: Int { source.height }
    var width: Int { source.width }
    var channels: Int { source.channels }

    func copyImage(_ index: Int, into bytes: inout [UInt8], at offset: Int) {
        source.copyImage(Int(indices[index]), into: &bytes, at: offset)
    }

    func label(_ index: Int) -> UInt8 {
        precondition(hasLabels, "\(name) has no labels here")
        return source.label(Int(indices[index]))
    }
}
