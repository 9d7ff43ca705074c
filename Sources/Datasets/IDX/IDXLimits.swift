/// The greatest values that an IDX header may carry; checked before memory is taken.
public enum IDXLimits {
    public static let images = 50_000_000
    /// Pixels in a row or a column.
    public static let side = 4_096
    /// Bytes of all images of a file.
    public static let bytes = 1 << 34
}
