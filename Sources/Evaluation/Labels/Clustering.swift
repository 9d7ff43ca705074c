import Kernels

// Shapes of this file: N images, K clusters.

/// What a label head says of images, beside their classes.
public struct LabelledLogits: Sendable {
    /// (N, K).
    public let logits: Matrix
    /// (N).
    public let labels: [UInt8]

    public init(logits: Matrix, labels: [UInt8]) {
        precondition(labels.count == logits.rows, "\(labels.count) labels of \(logits.rows) images")
        precondition(logits.columns > 0, "logits of no clusters")
        self.logits = logits
        self.labels = labels
    }

    /// The entry with the largest logit of each image, of equal ones the first.
    public var chosen: [Int] {
        (0..<logits.rows).map { row in
            let values = logits.row(row)
            return values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
        }
    }

    /// The share of images that are given another class than theirs (section 5 of the paper); not a number without images.
    public var classificationError: Double {
        let wrong = zip(chosen, labels).count { $0 != Int($1) }
        return Double(wrong) / Double(labels.count)
    }
}

extension LabelledLogits {
    /// The error of a dimensionality reduction (section 7 of the paper): its label head's own where labels taught it, otherwise
    /// that of the clusters' classes by the paper's way.
    public func reductionError(isTaught: Bool, validation: LabelledLogits) -> Double {
        isTaught ? classificationError : Clustering(self, validation: validation).paper
    }
}

/// How well clusters that nobody taught are classes, by every way in use to count it (section 6 of the paper has the first).
public struct Clustering: Sendable, Hashable {
    /// The paper's error: a cluster has the class of the validation image with the highest q(y|x) of it, of equal ones the first.
    public let paper: Double
    /// The error where a cluster has the most frequent class of its images.
    public let majority: Double
    /// The error where clusters and classes are matched one to one; clusters that are too many are all errors.
    public let assignment: Double
    /// Normalised mutual information of clusters and classes.
    public let nmi: Double
    /// Adjusted Rand index of clusters and classes.
    public let ari: Double
    /// Clusters that are no image's.
    public let empty: Int
    /// Of the mean q(y) over the images, in nats: ln K where all clusters are used alike.
    public let entropy: Double
    /// The class of each cluster by the paper's way.
    public let classes: [UInt8]

    /// - Parameters:
    ///   - images: whose errors are counted; one at least.
    ///   - validation: that give the clusters their classes for the paper's error; one at least.
    public init(_ images: LabelledLogits, validation: LabelledLogits) {
        precondition(images.logits.columns == validation.logits.columns, "other clusters")
        precondition(images.logits.rows > 0 && validation.logits.rows > 0, "clusters of no images")
        let chosen = images.chosen
        let table = Contingency(chosen, images.labels.map(Int.init), rows: images.logits.columns)
        let classes = Self.classes(validation)
        self.classes = classes
        let wrong = zip(chosen, images.labels).count { classes[$0] != $1 }
        paper = Double(wrong) / Double(images.labels.count)
        majority = table.majorityError
        assignment = table.assignmentError
        nmi = table.normalisedMutualInformation
        ari = table.adjustedRandIndex
        empty = table.empty
        entropy = Self.entropy(images.logits)
    }

    /// The label of the image with the highest log-softmax of each cluster. In double precision: floats of hundreds of images are
    /// 1.
    public static func classes(_ validation: LabelledLogits) -> [UInt8] {
        let logits = validation.logits
        let logarithms = Storage<Double>(count: logits.values.count).all
        Elementwise.logSoftmax(logits, into: logarithms)
        return (0..<logits.columns).map { cluster in
            var (best, most) = (0, -Double.infinity)
            for row in 0..<logits.rows where logarithms[row * logits.columns + cluster] > most {
                (best, most) = (row, logarithms[row * logits.columns + cluster])
            }
            return validation.labels[best]
        }
    }

    private static func entropy(_ logits: Matrix) -> Double {
        let logarithms = Storage<Double>(count: logits.values.count).all
        Elementwise.logSoftmax(logits, into: logarithms)
        var sums = [Double](repeating: 0, count: logits.columns)
        for index in logarithms.indices { sums[index % logits.columns] += VectorMath.exp(logarithms[index]) }
        return sums.reduce(0) { total, sum in
            let share = sum / Double(logits.rows)
            return share == 0 ? total : total - share * VectorMath.log(share)
        }
    }
}
