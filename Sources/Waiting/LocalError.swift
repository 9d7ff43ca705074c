/// A failure of this machine's processes or descriptors, in one sentence.
public struct LocalError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) { self.description = description }
}
