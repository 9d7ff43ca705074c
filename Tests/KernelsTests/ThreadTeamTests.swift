import Kernels
import Synchronization
import Testing

@Suite("Thread team") struct ThreadTeamTests {
    @Test("Every index runs once a round, over many rounds", arguments: [1, 2, 3, 8])
    func rounds(threads: Int) {
        let team = ThreadTeam(threads: threads, name: "test")
        let counts = (0..<threads).map { _ in Storage<Int>(count: 1).all }
        for round in 1...2000 {
            team.run { index in counts[index][0] += 1 }
            #expect(counts.allSatisfy { $0[0] == round })
        }
    }

    @Test("Every thread has gradual underflow and rounds to nearest, whatever the one that starts it does")
    func modes() {
        let right = Atomic<Int>(0)
        ThreadTeam(threads: 4).run { _ in
            let tiny = Slice<Float>([.leastNormalMagnitude])
            Elementwise.scale(tiny, by: 0.5)
            if FloatingPoint.modesAreSet && tiny[0] == 0x1p-127 { right.add(1, ordering: .relaxed) }
        }
        #expect(right.load(ordering: .relaxed) == 4)
    }

    @Test("Teams come and go")
    func lifetime() {
        let runs = Atomic<Int>(0)
        for _ in 0..<200 {
            let team = ThreadTeam(threads: 3)
            team.run { _ in runs.add(1, ordering: .relaxed) }
            team.run { _ in runs.add(1, ordering: .relaxed) }
            _ = ThreadTeam(threads: 2)
        }
        #expect(runs.load(ordering: .relaxed) == 1200)
    }
}
