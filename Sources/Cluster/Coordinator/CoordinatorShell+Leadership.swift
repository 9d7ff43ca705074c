import Runs
import Waiting

extension CoordinatorShell {
    /// Workers have obeyed a coordinator of another generation of this run: the folder says whether this one's time is over. The disk is
    /// asked on a thread of its own.
    func outrank(_ other: UInt64) {
        guard let watch else { return }
        DetachedThread.start(name: "generation") { [self] in
            do {
                let generation = try watch.outrank(other)
                onLoop { $0.handle(.outranked(generation: generation.number, leader: generation.name)) }
            } catch let lost as FolderLost {
                onLoop { $0.abandon(lost.description) }
            } catch {
                onLoop { $0.handle(.notOutranked(reason: "\(error)")) }
            }
        }
    }

    /// The run is another's, or its folder is gone: this coordinator ends, and the workers keep their state.
    func abandon(_ reason: String) { handle(.overthrown(reason: reason)) }
}
