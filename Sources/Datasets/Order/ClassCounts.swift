/// How many images of a split have each label, and whether these labels fit a number of classes.
///
/// The classes are 0 to K − 1 for K = `model.classes`. A label is a byte, one value of which means "none", so that K is at most 255.
public struct ClassCounts: Sendable {
    private let split: DataSet.Split
    /// The number of images of each label.
    private let counts: [Int]

    private static let mostClasses = 255

    /// - Parameter label: the label of each image.
    public init(_ split: DataSet.Split, images: Int, label: (Int) -> UInt8) {
        self.split = split
        var counts = [Int](repeating: 0, count: 256)
        for index in 0..<images { counts[Int(label(index))] += 1 }
        self.counts = counts
    }

    /// Counts the labels of images that have them.
    public init(_ split: DataSet.Split, _ images: ImageSubset) {
        self.init(split, images: images.count) { images.label($0) }
    }

    /// The rarest label among `classes` classes, and how many images have it.
    func rarest(of classes: Int) -> (label: Int, images: Int) {
        let rarest = (0..<classes).min { counts[$0] < counts[$1] } ?? 0
        return (rarest, counts[rarest])
    }

    /// - Throws: `DataError.classes` where a label lies beyond the classes, and, for training images, where a class has no image.
    public func require(classes: Int) throws {
        precondition((1...Self.mostClasses).contains(classes), "\(classes) classes")
        let isWithin = counts[classes...].allSatisfy { $0 == 0 }
        guard isWithin, split != .train || rarest(of: classes).images > 0 else {
            throw DataError.classes(split: split, labels: text, classes: classes, fitting: split == .train ? fitting : nil)
        }
    }

    /// The number of classes if every class has an image and no other label occurs; otherwise nil.
    private var fitting: Int? {
        let end = counts.firstIndex(of: 0) ?? counts.count
        return (1...Self.mostClasses).contains(end) && counts[end...].allSatisfy { $0 == 0 } ? end : nil
    }

    /// The labels that occur, such as "0 to 5, 7".
    private var text: String {
        var runs: [ClosedRange<Int>] = []
        for label in counts.indices where counts[label] > 0 {
            if let last = runs.last, last.upperBound == label - 1 {
                runs[runs.count - 1] = last.lowerBound...label
            } else {
                runs.append(label...label)
            }
        }
        let shown = runs.prefix(Self.mostRuns).map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
        }
        return shown.joined(separator: ", ") + (runs.count > Self.mostRuns ? ", …" : "")
    }

    /// Most runs that are listed: more would not help the reader.
    private static let mostRuns = 5
}
