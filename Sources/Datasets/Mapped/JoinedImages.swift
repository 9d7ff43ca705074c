/// The images of one source, followed by those of another whose images have the same size.
struct JoinedImages: ImageSource {
    private let first: any ImageSource
    private let second: any ImageSource

    init(_ first: any ImageSource, _ second: any ImageSource) {
        let sizes = [first, second].map { [$0.height, $0.width, $0.channels] }
        precondition(sizes[0] == sizes[1], "images of one size")
        (self.first, self.second) = (first, second)
    }

    var name: String { first.name }
    var count: Int { first.count + second.count }
    var height: Int { first.height }
    var width: Int { first.width }
    var channels: Int { first.channels }
    var identity: String { textDigest("\(first.identity) and behind it \(second.identity)") }
    var hasLabels: Bool { first.hasLabels && second.hasLabels }

    func copyImage(_ index: Int, into bytes: inout [UInt8], at offset: Int) {
        if index < first.count {
            first.copyImage(index, into: &bytes, at: offset)
        } else {
            second.copyImage(index - first.count, into: &bytes, at: offset)
        }
    }

    func label(_ index: Int) -> UInt8 { index < first.count ? first.label(index) : second.label(index - first.count) }
}
