/// Largest possible numbers in files of the run folder. Files are edited, copied and damaged, so a number is compared with these before anything
/// is computed from it: a larger one cannot be true, and arithmetic with it could end the process.
public enum Plausible {
    /// Steps and epochs of a run, views and coordinators it has had: at a thousand a second, 34 years.
    public static let count: UInt64 = 1 << 40
    /// Phases applied: no composition has more than eight a step.
    static let phases = 8 * count
    /// Bytes of one file.
    static let bytes = 1 << 50
}
