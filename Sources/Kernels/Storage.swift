import Glibc

/// Zeroed memory of a fixed number of elements, aligned to 64 bytes and freed with its last view.
///
/// Large storages ask for huge pages: the products walk through megabytes in strides, where small pages cost look-ups.
/// Nothing orders accesses from different threads; whoever shares a storage gives each thread its own range.
public final class Storage<Element: BitwiseCopyable>: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    public let count: Int

    public init(count: Int) {
        precondition(count >= 0, "A storage cannot have \(count) elements.")
        let hugePage = 2 << 20
        let bytes = max(count * MemoryLayout<Element>.stride, 1)
        let alignment = bytes >= 2 * hugePage ? hugePage : 64
        let size = (bytes + alignment - 1) / alignment * alignment
        guard let memory = aligned_alloc(alignment, size) else {
            MemoryRoom.endWithout(bytes: size)
        }
        if alignment == hugePage { madvise(memory, size, MADV_HUGEPAGE) }
        memset(memory, 0, size)
        base = memory.bindMemory(to: Element.self, capacity: size / MemoryLayout<Element>.stride)
        self.count = count
    }

    deinit { free(base) }

    /// The view of everything.
    @inlinable public var all: Slice<Element> { Slice(owner: self, base: base, count: count) }

    /// The view of a range of elements.
    @inlinable public subscript(range: Range<Int>) -> Slice<Element> { all[range] }
}
