/// What a link may do to its frames; `off` still sends no payload for zeros, and none changes a bit of the result.
public enum LinkCompression: String, Sendable, Hashable, CaseIterable {
    /// Raw Int32.
    case off
    /// Raw, packed, packed with zstd or entropy-coded, chosen by link and bucket from what was measured.
    case auto
    /// Always packed with zstd.
    case zstd
    /// Always entropy-coded; pieces that are small or no matrix are packed.
    case entropy
}
