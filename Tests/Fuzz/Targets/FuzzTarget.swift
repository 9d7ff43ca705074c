/// One parser under fuzzing: a name, and what must hold for every string of bytes that reaches it.
///
/// A parser may accept or refuse. When it accepts, the target checks the meaning (it re-encodes to the same, the named
/// limits are kept); when it refuses, the error must be one of its own and say so in a sentence. Anything else is a
/// `Violation`; a trap, a hang or too large an allocation is left to whoever runs the target.
public struct FuzzTarget: Sendable {
    /// What became of an input that broke no promise.
    public enum Outcome: Sendable, Hashable {
        case accepted
        /// The error's sentence.
        case refused(String)
    }

    /// A valid input, written by the program's own writers.
    public struct Seed: Sendable {
        public let name: String
        public let bytes: [UInt8]

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// Also the folder of its corpus.
    public let name: String
    /// Inputs this parser accepts, made anew by today's writers; empty where the program only reads the format.
    public let seeds: @Sendable () throws -> [Seed]
    private let errors: [any Error.Type]
    private let body: @Sendable ([UInt8]) throws -> Void

    /// - Parameters:
    ///   - errors: the types of which a refusal may be.
    ///   - body: throws a refusal of the parser, or a `Violation`.
    init(
        _ name: String, refusing errors: [any Error.Type], seeds: @escaping @Sendable () throws -> [Seed],
        body: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.errors = errors
        self.seeds = seeds
        self.body = body
    }

    /// Hands the bytes to the parser and checks its promises.
    public func run(_ bytes: [UInt8]) throws(Violation) -> Outcome {
        do {
            try body(bytes)
            return .accepted
        } catch let violation as Violation {
            throw violation
        } catch {
            guard errors.contains(where: { type(of: error) == $0 }) else {
                throw Violation("the refusal is of type \(type(of: error)): \(error)")
            }
            let sentence = "\(error)"
            guard sentence.split(separator: " ").count >= FuzzTarget.wordsOfASentence else {
                throw Violation("the refusal is no sentence: \(sentence)")
            }
            return .refused(sentence)
        }
    }

    private static let wordsOfASentence = 4
}

/// A promise that a parser broke.
public struct Violation: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a `Violation` where a promise is not kept.
func claim(_ holds: Bool, _ promise: @autoclosure () -> String) throws(Violation) {
    guard holds else { throw Violation("broken: \(promise())") }
}

/// A step that may not fail once the input has been accepted.
func must<Value>(_ promise: String, _ body: () throws -> Value) throws(Violation) -> Value {
    do { return try body() } catch { throw Violation("broken: \(promise) (\(error))") }
}
