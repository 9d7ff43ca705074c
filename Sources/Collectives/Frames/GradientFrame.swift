import Wire

/// A gradient frame whose payload is in memory, kept or on its way.
package struct GradientFrame {
    package let header: GradientFrameHeader
    /// It is not written to any more.
    package let store: ByteStore

    package init(_ header: GradientFrameHeader, _ store: ByteStore) {
        self.header = header
        self.store = store
    }

    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(store.bytes(header.payloadBytes)) }
}
