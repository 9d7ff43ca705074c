import CProcess

/// The source that this binary was built from.
public enum BuiltFrom {
    /// The commit, or "unknown" where the build had no checkout.
    public static var commit: String { String(cString: cprocess_commit()) }
}
