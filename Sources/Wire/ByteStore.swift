/// Raw memory that grows and is reused: 64-byte aligned, contents undefined after it grew. One thread at a time.
public final class ByteStore: @unchecked Sendable {
    private var memory: UnsafeMutableRawBufferPointer

    public init(capacity: Int = 0) {
        memory = .allocate(byteCount: max(capacity, 64), alignment: 64)
    }

    deinit { memory.deallocate() }

    public var capacity: Int { memory.count }

    /// At least `bytes` of memory; the caller has checked `bytes` against its limit.
    public func reserve(_ bytes: Int) {
        guard bytes > memory.count else { return }
        memory.deallocate()
        memory = .allocate(byteCount: max(bytes, 4096), alignment: 64)
    }

    /// The first `bytes` of the memory, valid until the next `reserve` and as long as the store lives.
    public func bytes(_ bytes: Int) -> UnsafeMutableRawBufferPointer {
        precondition(bytes <= memory.count)
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes])
    }
}
