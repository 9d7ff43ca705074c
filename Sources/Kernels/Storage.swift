import Glibc

/// Zeroed memory of a fixed number of elements, aligned to 64 bytes and freed with its last view.
///
/// Large storages ask for huge pages: the products step through megabytes in strides, where small pages cost TLB misses. Accesses from different
/// threads are not synchronised; code that shares a storage must give each thread its own range.
public final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    public let count: Int

    public init(count: Int) {
        precondition(count >= 0, "A storage cannot have \(count) elements.")
        let (size, alignment) = Self.layout(count)
        guard let memory = aligned_alloc(alignment, size) else {
            MemoryRoom.endWithout(bytes: size)
        }
        if alignment == hugePageBytes { madvise(memory, size, MADV_HUGEPAGE) }
        memset(memory, 0, size)
        base = memory.bindMemory(to: Element.self, capacity: size / MemoryLayout<Element>.stride)
        self.count = count
    }

    deinit { free(base) }

    /// Bytes that a storage of so many elements takes.
    public static func bytes(_ count: Int) -> Int { layout(count).size }

    private static func layout(_ count: Int) -> (size: Int, alignment: Int) {
        let bytes = max(count * MemoryLayout<Element>.stride, 1)
        let alignment = bytes >= 2 * hugePageBytes ? hugePageBytes : 64
        return ((bytes + alignment - 1) / alignment * alignment, alignment)
    }

    /// The view of everything.
    @inlinable public var all: Slice<Element> { Slice(owner: self, base: base, count: count) }

    /// The view of a range of elements.
    @inlinable public subscript(range: Range<Int>) -> Slice<Element> { all[range] }
}

private let hugePageBytes = 2 << 20
