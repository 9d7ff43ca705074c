/// The greatest values that a variable of a MAT file may claim; checked before memory is taken.
public enum MATLimits {
    /// Elements of one variable: libmatio counts them in 32 bits.
    public static let elements = Int(Int32.max)
    /// Bytes of the elements that are read at once: the memory that reader and parent share.
    public static let slabBytes = 1 << 28
    /// Bytes that libmatio and HDF5 may take in addition.
    static let libraryBytes = 1 << 30
    /// Deflate, which both formats pack with, unpacks one byte to at most so many.
    static let greatestRatio = 1_032
    /// Elements of one small variable: labels, folds and the like.
    static let smallElements = 10_000_000
    /// Images of TFD, which is transposed in memory as a whole.
    public static let faces = 150_000
}
