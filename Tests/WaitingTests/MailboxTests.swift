import Testing
import Waiting

@Suite("Mailboxes", .timeLimit(.minutes(15)))
struct MailboxTests {
    @Test("Messages come out in the order in which they went in, however many wait")
    func order() {
        let mailbox = Mailbox<Int>()
        for round in 0..<3 {
            for number in 0..<3_000 { mailbox.put(round * 3_000 + number) }
            for number in 0..<3_000 { #expect(mailbox.take(.atMost(.zero)) == round * 3_000 + number) }
        }
        #expect(mailbox.take(.atMost(.zero)) == nil)
    }

    @Test("A closed mailbox takes nothing in, gives out what it holds, and then nil to everybody at once")
    func closed() {
        let mailbox = Mailbox<Int>()
        mailbox.put(1)
        mailbox.put(2)
        mailbox.close()
        mailbox.put(3)
        #expect(mailbox.take(.untilWoken(by: "it is closed")) == 1)
        #expect(mailbox.take(.untilWoken(by: "it is closed")) == 2)
        #expect(mailbox.take(.untilWoken(by: "it is closed")) == nil)
        #expect(mailbox.take(.untilWoken(by: "it is closed")) == nil)
        mailbox.close()
        #expect(mailbox.take(.atMost(.seconds(60))) == nil)
    }

    @Test("What was taken is kept alive by nobody, also while more waits behind it")
    func letsGo() {
        final class Load: Sendable {}
        let mailbox = Mailbox<Load>()
        weak var first: Load?
        do {
            let load = Load()
            first = load
            mailbox.put(load)
            mailbox.put(Load())
        }
        #expect(first != nil)
        _ = mailbox.take(.atMost(.zero))
        #expect(first == nil)
    }

    @Test("A waiting reader is woken by a message and by the close")
    func woken() {
        let mailbox = Mailbox<Int>()
        let taken = Monitor<[Int]>([])
        let reader = OwnedThread(name: "reader") {
            while let message = mailbox.take(.untilWoken(by: "the test, which closes it")) { taken.update { $0.append(message) } }
        }
        for number in 0..<100 { mailbox.put(number) }
        #expect(taken.wait(.atMost(.seconds(800))) { $0.count == 100 ? $0 : nil } == Array(0..<100))
        mailbox.close()
        #expect(reader.join(.atMost(.seconds(800))))
    }

    @Test("Several writers and several readers lose nothing and see nothing twice")
    func crowd() {
        let mailbox = Mailbox<Int>()
        let taken = Monitor<[Int]>([])
        let readers = (0..<3).map { _ in
            OwnedThread(name: "reader") {
                while let message = mailbox.take(.untilWoken(by: "the test, which closes it")) {
                    taken.update { $0.append(message) }
                }
            }
        }
        let writers = (0..<3).map { writer in
            OwnedThread(name: "writer") { for number in 0..<1_000 { mailbox.put(writer * 1_000 + number) } }
        }
        for writer in writers { #expect(writer.join(.atMost(.seconds(800)))) }
        mailbox.close()
        for reader in readers { #expect(reader.join(.atMost(.seconds(800)))) }
        #expect(taken.withLock { $0.sorted() } == Array(0..<3_000))
    }
}
