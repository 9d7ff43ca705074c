/// The loss of a phase, or one of the terms that it is the sum of; mean over the minibatch.
public struct Loss: Sendable, Hashable {
    /// The phase's, or the term's.
    public var name: String
    public var value: Double
    /// Its terms, where it has more than one.
    public var terms: [Loss]

    public init(name: String, value: Double, terms: [Loss] = []) {
        self.name = name
        self.value = value
        self.terms = terms.count > 1 ? terms : []
    }

    /// The sum of all terms.
    public init(name: String, terms: [Loss]) {
        self.init(name: name, value: terms.reduce(0) { $0 + $1.value }, terms: terms)
    }
}
