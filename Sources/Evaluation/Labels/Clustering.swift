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

    /// The entry with the largest logit for each image; of equal ones the first.
    public var chosen: [Int] {
        (0..<logits.rows).map { row in
            let values = logits.row(row)
            return values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
        }
    }

    /// The share of images that are given a wrong class (section 5 of the paper); NaN without images.
    public var classificationError: Double {
        let wrong = zip(chosen, labels).count { $0 != Int($1) }
        return Double(wrong) / Double(labels.count)
    }
}

extension LabelledLogits {
    /// The error of a dimensionality reduction (section 7 of the paper): the label head's own error where it was trained on labels,
    /// otherwise that of the clusters' classes by the paper's method.
    public func reductionError(isTaught: Bool, validation: LabelledLogits) -> Double {
        isTaught ? classificationError : Clustering(self, validation: validation).paper
    }
}

/// How well unsupervised clusters match classes, by every measure in common use (section 6 of the paper has the first).
public struct Clustering: Sendable, Hashable {
    /// The paper's error: a cluster has the class of the validation image with the highest q(y|x) for it; of equal ones the first.
    public let paper: Double
    /// The error when a cluster has the most frequent class of its images.
    public let majority: Double
    /// The error when clusters and classes are matched one to one; all images of surplus clusters are errors.
    public let assignment: Double
    /// Normalised mutual information of clusters and classes.
    public let nmi: Double
    /// Adjusted Rand index of clusters and classes.
    public let ari: Double
    /// Clusters without an image.
    public let empty: Int
    /// Entropy of the mean q(y) over the images, in nats: ln K where all clusters are used equally.
    public let entropy: Double
    /// The class of each cluster by the paper's method.
    public let classes: [UInt8]

    /// - Parameters:
    ///   - images: the images whose errors are counted; at least one.
    ///   - validation: the images that give the clusters their classes for the paper's error; at least one.
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

    /// For each cluster, the label of the image with the highest log-softmax. In double precision: in single precision hundreds of images
    /// would have a softmax of exactly 1.
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
