import Kernels

/// A reconstruction cost with the nonlinearity of the decoder's output, summed over pixels and rows.
///
/// The division by the minibatch happens once, at the update.
public enum ReconstructionLoss: Sendable, Hashable {
    /// ½ Σ (x̂ − x)² with x̂ the logits themselves.
    case halfSquaredErrorLinear
    /// ½ Σ (x̂ − x)² with x̂ = σ(logits).
    case halfSquaredErrorSigmoid
    /// Bernoulli cross-entropy with x̂ = σ(logits).
    case crossEntropySigmoid

    /// Sums over some rows.
    public struct LossSums: Sendable, Equatable {
        public let loss: Double
        /// Σ (x̂ − x)².
        public let squaredError: Double
    }

    /// Replaces one shard's logits by the gradient of the loss by them.
    ///
    /// - Parameters:
    ///   - logits: (B, P), overwritten.
    ///   - target: (B, P), the clean images.
    public func gradient(logits: Matrix, target: Matrix) -> LossSums {
        let (z, x) = (logits.values, target.values)
        switch self {
        case .halfSquaredErrorLinear:
            let loss = Elementwise.halfSquaredError(z, target: x, gradient: z)
            return LossSums(loss: loss, squaredError: 2 * loss)
        case .halfSquaredErrorSigmoid:
            let loss = Elementwise.sigmoidHalfSquaredError(logits: z, target: x, output: z, gradient: z)
            return LossSums(loss: loss, squaredError: 2 * loss)
        case .crossEntropySigmoid:
            let loss = Elementwise.crossEntropy(logits: z, target: x, gradient: z)
            // The gradient is x̂ − x itself.
            return LossSums(loss: loss, squaredError: Sums.sumOfSquares(z))
        }
    }
}

/// The adversarial log-loss on a discriminator's logits (Goodfellow et al. 2014).
public enum AdversarialLoss {
    /// Replaces one shard's logits by the gradient of −Σ log σ(z) (`real`) or −Σ log(1 − σ(z)) by them; returns the sum.
    ///
    /// The generator's non-saturating loss is this one with `real` for generated codes.
    public static func gradient(logits: Matrix, real: Bool) -> Double {
        Elementwise.adversarialLoss(logits: logits.values, real: real, gradient: logits.values)
    }
}

/// The cross-entropy of a softmax with labels (section 5 of the paper).
public enum ClassificationLoss {
    /// Sums over some rows.
    public struct LossSums: Sendable, Equatable {
        public let loss: Double
        /// Rows whose largest logit (the first of equal ones) is not the label's.
        public let errors: Int
    }

    /// Replaces one shard's logits by the gradient of −Σ log softmax(z)[label] by them: softmax(z) − onehot.
    ///
    /// - Parameters:
    ///   - logits: (B, K), overwritten.
    ///   - labels: (B), each less than K.
    public static func gradient(logits: Matrix, labels: Slice<UInt8>) -> LossSums {
        let errors = errors(logits: logits, labels: labels)
        let loss = Elementwise.softmaxCrossEntropy(logits: logits, labels: labels, gradient: logits)
        return LossSums(loss: loss, errors: errors)
    }

    private static func errors(logits: Matrix, labels: Slice<UInt8>) -> Int {
        (0..<logits.rows).count { row in
            let best = (1..<logits.columns).reduce(0) { logits[row, $1] > logits[row, $0] ? $1 : $0 }
            return best != Int(labels[row])
        }
    }
}
