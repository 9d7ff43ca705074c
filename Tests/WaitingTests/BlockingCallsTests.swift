import Foundation
import Testing

/// Only `Waiting` may call functions that block, and each of its calls asks for a Patience. The built object files show any other call: they hold no
/// comments, and a linker's symbol has one meaning.
@Suite("Every wait goes through Waiting")
struct BlockingCallsTests {
    /// A module outside `Waiting` that calls a primitive.
    struct Exception {
        var module: String
        var names: Set<String>
        var reason: String
    }

    static let exceptions = [
        Exception(
            module: "Collectives", names: ["recv", "send", "sendmsg"],
            reason: "they have the progress deadline as SO_RCVTIMEO and SO_SNDTIMEO (setLinkOptions), or MSG_DONTWAIT"),
        Exception(
            module: "Collectives", names: ["accept", "connect"], reason: "these sockets are non-blocking, and Poll waits for them"),
        Exception(
            module: "Collectives", names: ["getaddrinfo", "getnameinfo"],
            reason: "NameLookup calls it on a thread of its own, which may be left; for a numeric address no name server is asked"),
        Exception(module: "Control", names: ["getnameinfo"], reason: "NI_NUMERICHOST asks no name server"),
        Exception(
            module: "Processes", names: ["connect", "write"],
            reason: "the socket is non-blocking, and its first answer is what is asked for; the pipe's writing end is non-blocking"),
        Exception(
            module: "Files", names: ["write"],
            reason: "files of the run folder: the disk answers, or the kernel says that it does not"),
        Exception(
            module: "Launch", names: ["write"], reason: "a file of the run folder's disk, whose answer is what is measured"),
        Exception(module: "Runs", names: ["flock"], reason: "LOCK_NB"),
        Exception(
            module: "CProcess", names: ["recv", "write"],
            reason: "MSG_DONTWAIT; a signal's number, into a pipe whose writing end is non-blocking"),
        Exception(
            module: "CMatioReader", names: ["recv", "send"],
            reason: "a child that does nothing else, and dies with its parent; one answer fits the socket, and the parent reads it"),
    ]

    /// Functions of the C library that may block.
    static let functions: Set<String> = Set(
        """
        poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2 sleep usleep nanosleep clock_nanosleep pause
        sigwait sigwaitinfo sigtimedwait sigsuspend wait wait3 wait4 waitpid waitid system popen pclose
        read readv recv recvfrom recvmsg recvmmsg getline fgets fread getchar write writev send sendto sendmsg sendmmsg
        accept accept4 connect getaddrinfo getnameinfo gethostbyname gethostbyaddr flock lockf
        mq_receive mq_send msgrcv msgsnd sem_wait sem_timedwait mtx_lock cnd_wait
        pthread_cond_wait pthread_cond_timedwait pthread_mutex_lock pthread_mutex_timedlock pthread_rwlock_rdlock pthread_rwlock_wrlock
        pthread_spin_lock pthread_barrier_wait pthread_join pthread_timedjoin_np
        """.split(whereSeparator: \.isWhitespace).map(String.init))

    /// Beginnings of Swift's names for types and methods that may block, and for `await`, which has no deadline of its own.
    static let swift = [
        "$s8Dispatch0A9SemaphoreC", "$s8Dispatch0A5GroupC4wait", "$s8Dispatch0A5QueueC4sync",
        "$s8Dispatch0A5QueueC17concurrentPerform",
        "$s10Foundation6NSLockC", "$s10Foundation15NSRecursiveLockC", "$s10Foundation11NSConditionC",
        "$s10Foundation15NSConditionLockC",
        "$s10Foundation6ThreadC5sleep", "$s10Foundation7ProcessC13waitUntilExit", "$s10Foundation10FileHandleC13standardInput",
        "$s10Foundation10FileHandleC13availableData", "$s10Foundation10FileHandleC4read", "$s10Foundation10FileHandleC5write",
        "$ss8readLine", "$s7NIOCore15EventLoopFutureC4wait", "$s7NIOCore14EventLoopGroupPAAE24syncShutdownGracefully",
        "swift_task_",
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// Where this test was built.
    private static func products() throws -> URL {
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        let line = try #require(maps.split(separator: "\n").first { $0.hasSuffix(".xctest") }, "the test's own file")
        return URL(filePath: String(line[line.firstIndex(of: "/")!...])).deletingLastPathComponent()
    }

    /// The blocking functions that the objects of a module call elsewhere.
    private static func calls(_ module: String, in products: URL) throws -> Set<String> {
        let files = try #require(
            FileManager.default.enumerator(at: root.appending(path: "Sources/\(module)"), includingPropertiesForKeys: nil))
        let sources = Set(files.compactMap { ($0 as? URL)?.lastPathComponent })
        let built = products.appending(path: "\(module).build")
        // Objects of deleted sources may still be there.
        let objects = (FileManager.default.enumerator(at: built, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? [])
            .filter { $0.pathExtension == "o" && sources.contains($0.deletingPathExtension().lastPathComponent) }
        try #require(!objects.isEmpty, "objects of \(module) under \(built.path())")
        let list = Process()
        list.executableURL = URL(filePath: "/usr/bin/env")
        list.arguments = ["nm", "-u"] + objects.map { $0.path() }
        let output = Pipe()
        list.standardOutput = output
        try list.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        list.waitUntilExit()
        try #require(list.terminationStatus == 0, "nm -u \(module)")
        let names = text.split(whereSeparator: \.isWhitespace).map { String($0.prefix { $0 != "@" }) }
        return Set(names.filter { name in functions.contains(name) || swift.contains { name.hasPrefix($0) } })
    }

    @Test("No module waits but through Waiting, or where an exception says why")
    func everyWait() throws {
        let products = try Self.products()
        let modules = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path()).filter {
            FileManager.default.fileExists(atPath: products.appending(path: "\($0).build").path())
        }
        #expect(modules.count > 20, "\(modules)")
        // It sees what is there.
        let waiting = try Self.calls("Waiting", in: products)
        #expect(waiting.isSuperset(of: ["poll", "clock_nanosleep", "pthread_cond_wait", "pthread_join", "read", "write", "wait4"]))
        for module in modules where module != "Waiting" {
            let here = Self.exceptions.filter { $0.module == module }
            let allowed = here.reduce(into: Set<String>()) { $0.formUnion($1.names) }
            let calls = try Self.calls(module, in: products)
            for name in calls.subtracting(allowed).sorted() {
                Issue.record("\(module) calls \(name), which may wait, and nothing says who ends that: use what Waiting has for it")
            }
            for name in allowed.subtracting(calls).sorted() {
                Issue.record("the exception for \(name) in \(module) speaks of nothing")
            }
        }
    }

    @Test("A test's limit of time only guards against a hang: a loaded machine may take minutes where an idle one takes a second")
    func limitsOfTests() throws {
        let root = Self.root.appending(path: "Tests").path()
        let paths = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
        var limits = 0
        for path in paths where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
            for part in text.components(separatedBy: "timeLimit" + "(.minutes(").dropFirst() {
                limits += 1
                let minutes = Int(part.prefix { $0.isNumber }) ?? 0
                #expect(minutes >= 15, "\(path) limits a test to \(minutes) minutes")
            }
        }
        #expect(limits > 0, "no limit was found under \(root)")
    }
}
