/// A checked view of consecutive elements of a `Storage`, which it keeps alive.
///
/// Copies of a slice are views of the same memory. Every access checks its bounds; loops over many elements belong in `Kernels`, which checks once a
/// call.
public struct Slice<Element: BitwiseCopyable>: @unchecked Sendable {
    @usableFromInline let owner: Storage<Element>
    @usableFromInline let base: UnsafeMutablePointer<Element>
    public let count: Int

    @inlinable init(owner: Storage<Element>, base: UnsafeMutablePointer<Element>, count: Int) {
        self.owner = owner
        self.base = base
        self.count = count
    }

    /// A view of new memory that holds a copy of the elements.
    public init(_ elements: [Element]) {
        self = Storage(count: elements.count).all
        copy(from: elements)
    }

    /// A view of new memory that holds a copy of a part of an array.
    public init(_ elements: ArraySlice<Element>) {
        self = Storage(count: elements.count).all
        elements.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { base.update(from: from, count: count) }
        }
    }

    @inlinable public var isEmpty: Bool { count == 0 }
    @inlinable public var indices: Range<Int> { 0..<count }

    @inlinable public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "Index out of range")
            return base[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "Index out of range")
            base[index] = newValue
        }
    }

    @inlinable public subscript(range: Range<Int>) -> Slice<Element> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "Range out of bounds")
        return Slice(owner: owner, base: base + range.lowerBound, count: range.count)
    }

    @inlinable public func fill(_ value: Element) {
        base.update(repeating: value, count: count)
    }

    /// Copies as many elements as the slice has; the two views may overlap.
    @inlinable public func copy(from other: Slice<Element>) {
        precondition(other.count == count, "Slices differ in length")
        base.update(from: other.base, count: count)
    }

    @inlinable public func copy(from elements: [Element]) {
        precondition(elements.count == count, "Slice and array differ in length")
        elements.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { base.update(from: from, count: count) }
        }
    }

    @inlinable public var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

extension Slice {
    @inlinable public func withUnsafeBufferPointer<R, E: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeBufferPointer(start: base, count: count))
    }

    @inlinable public func withUnsafeMutableBufferPointer<R, E: Error>(
        _ body: (UnsafeMutableBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeMutableBufferPointer(start: base, count: count))
    }

    /// The memory itself, little-endian as on every x86-64 and every Arm that runs Linux.
    @inlinable public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride))
    }

    @inlinable public func withUnsafeMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeMutableRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride))
    }
}
