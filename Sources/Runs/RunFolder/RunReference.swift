import Files

/// A run as a person names it, and a step of it where they say which: RUN or RUN@STEP.
public struct RunReference: Sendable, Hashable {
    /// A path, a name under `runs`, or `latest`.
    public let run: String
    /// Steps done at the checkpoint that is meant; `nil`: the newest whole one.
    public let step: UInt64?

    public init(run: String, step: UInt64?) {
        self.run = run
        self.step = step
    }

    /// Reads RUN or RUN@STEP. Where a run's own name ends like a step, that run is meant.
    ///
    /// - Throws: `RunFolderError` where what follows the @ of a run is no step.
    public init(parsing text: String, under runs: String = RunFolder.defaultParent) throws {
        guard let at = text.lastIndex(of: "@"), !Disk.isThere(text), !Disk.isThere("\(runs)/\(text)") else {
            self.init(run: text, step: nil)
            return
        }
        let (run, step) = (String(text[..<at]), String(text[text.index(after: at)...]))
        guard let number = UInt64(step) else {
            // Without a run before it the @ belongs to a name, for which the error of an unknown run suggests the nearest.
            guard RunFolder.isRun(run) || RunFolder.isRun("\(runs)/\(run)") else {
                self.init(run: text, step: nil)
                return
            }
            throw RunFolderError("\(text) names no step of \(run): a step is a whole number, as in \(run)@500.")
        }
        self.init(run: run, step: number)
    }
}
