import Coordinator
import Runs
import Testing

/// What a coordinator believes of `steps.log`.
@Suite struct BookmarkTests {
    private func record(_ step: UInt64, view: UInt64) -> StepRecord { StepRecord(step: step, view: view, chain: 0) }

    @Test("the last record says how far the run was, and the highest view is the one that was used last")
    func last() {
        let records = [record(1, view: 1), record(2, view: 3), record(1, view: 4), record(2, view: 2)]
        #expect(Bookmark(records, lastStep: 100).step == 2)
        #expect(Bookmark(records, lastStep: 100).view == 4)
        #expect(Bookmark([], lastStep: 100).step == 0 && Bookmark([], lastStep: 100).view == 0)
    }

    @Test("no more is recorded than the run has steps")
    func highest() {
        let bookmark = Bookmark([record(Plausible.count, view: Plausible.count)], lastStep: 20)
        #expect(bookmark.step == 20 && bookmark.view == Plausible.count)
    }
}
