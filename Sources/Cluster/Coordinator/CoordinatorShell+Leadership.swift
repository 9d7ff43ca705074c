import Runs
import Waiting

extension CoordinatorShell {
    /// Workers have obeyed a coordinator of another generation of this run: the folder says whether this one's time is over.
    func outrank(_ other: UInt64) {
        handle(.overthrown(reason: "not yet"))
    }
}
