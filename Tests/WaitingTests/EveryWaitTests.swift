import Foundation
import Testing

@Suite("Every wait goes through Waiting")
struct EveryWaitTests {
    /// A primitive that stands outside `Sources/Waiting` all the same.
    struct Exception {
        var file: String
        var name: String
        var times = 1
        var reason: String
    }

    static let exceptions = [
        Exception(
            file: "Sources/Collectives/Links/Socket.swift", name: "recv", times: 2,
            reason: "one has the progress deadline as SO_RCVTIMEO (setLinkOptions), the other MSG_DONTWAIT"),
        Exception(
            file: "Sources/Collectives/Links/Socket.swift", name: "sendmsg",
            reason: "it has the progress deadline as SO_SNDTIMEO (setLinkOptions)"),
        Exception(file: "Sources/Collectives/Links/Socket.swift", name: "send", reason: "MSG_DONTWAIT"),
        Exception(
            file: "Sources/Collectives/Links/Socket.swift", name: "accept", reason: "the listening socket is non-blocking"),
        Exception(
            file: "Sources/Collectives/Links/GradientDialer.swift", name: "connect",
            reason: "the socket is non-blocking; Poll waits for it"),
        Exception(
            file: "Sources/Collectives/Links/SocketAddress.swift", name: "getaddrinfo",
            reason: "NameLookup calls it on a thread of its own, which may be left, or for a numeric address"),
        Exception(
            file: "Sources/Collectives/Links/SocketAddress.swift", name: "getnameinfo",
            reason: "NI_NUMERICHOST asks no name server"),
        Exception(
            file: "Sources/Files/WritableFile.swift", name: "write",
            reason: "files of the run folder: the disk answers, or the kernel says that it does not"),
        Exception(
            file: "Sources/Collectives/Probes/ProbeLink.swift", name: "connect",
            reason: "the socket is non-blocking; Poll waits for it"),
        Exception(
            file: "Sources/Collectives/Probes/ProbeListener.swift", name: "recv",
            reason: "it has the progress deadline as SO_RCVTIMEO (setLinkOptions)"),
        Exception(
            file: "Sources/Collectives/Probes/ProbeListener.swift", name: "send",
            reason: "it has the progress deadline as SO_SNDTIMEO (setLinkOptions)"),
        Exception(
            file: "Sources/Control/NumericHost.swift", name: "getnameinfo",
            reason: "NI_NUMERICHOST asks no name server"),
        Exception(
            file: "Sources/Launch/MachineReport+Measuring.swift", name: "write",
            reason: "a file of the run folder's disk, whose answer is what is measured"),
        Exception(
            file: "Sources/Processes/Local/Loopback.swift", name: "connect",
            reason: "the socket is non-blocking, and its first answer is what is asked for"),
        Exception(
            file: "Sources/Processes/Children/LinePipe.swift", name: "write", reason: "the pipe's writing end is non-blocking"),
        Exception(file: "Sources/CProcess/cprocess.c", name: "recv", reason: "MSG_DONTWAIT"),
        Exception(
            file: "Sources/CMatioReader/reader.c", name: "recv", reason: "a child that does nothing else, and dies with its parent"),
        Exception(
            file: "Sources/CMatioReader/reader.c", name: "send", times: 2,
            reason: "MSG_DONTWAIT; and the child's: one answer fits the socket, and the parent reads it"),
        Exception(
            file: "Sources/CProcess/cprocess.c", name: "write",
            reason: "a signal's number, into a pipe whose writing end is non-blocking"),
    ]

    /// The package's folder: two above this file's.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func sources() throws -> [(path: String, text: String)] {
        let root = package.appendingPathComponent("Sources").path
        let paths = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
        return try paths.filter { path in [".swift", ".c", ".h"].contains { path.hasSuffix($0) } }.sorted().map {
            ("Sources/\($0)", try String(contentsOfFile: "\(root)/\($0)", encoding: .utf8))
        }
    }

    @Test("No source waits but through Waiting, or where an exception says why")
    func everyWait() throws {
        let sources = try Self.sources()
        #expect(sources.count > 200, "the sources were not found under \(Self.package.path)")
        var findings: [WaitScanner.Finding] = []
        for source in sources where !source.path.hasPrefix("Sources/Waiting/") {
            findings += WaitScanner().scan(source.text, file: source.path)
        }
        for exception in Self.exceptions {
            let here = findings.filter { $0.file == exception.file && $0.name == exception.name }
            #expect(
                here.count == exception.times,
                "the exception for `\(exception.name)` in \(exception.file) (\(exception.reason)) speaks of \(exception.times), there are \(here.count): \(here.map(\.line))"
            )
            findings.removeAll { here.contains($0) }
        }
        for finding in findings { Issue.record("\(finding)") }
    }

    @Test("A test's limit of time only guards against a hang: a loaded machine may take minutes where an idle one takes a second")
    func limitsOfTests() throws {
        let root = Self.package.appendingPathComponent("Tests").path
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

    @Test("Whoever waits without limit of time says in words who ends it")
    func words() throws {
        for source in try Self.sources() where !source.path.hasPrefix("Sources/Waiting/") {
            for part in source.text.components(separatedBy: ".untilWoken(by:").dropFirst() {
                let words = part.drop { $0 != "\"" }.dropFirst().prefix { $0 != "\"" }
                #expect(
                    words.split(separator: " ").count >= 2,
                    "\(source.path): \"\(words)\" does not say who wakes the wait, and why surely")
            }
        }
    }

    @Test(
        "The scanner sees every primitive",
        arguments: [
            "let s = DispatchSemaphore(value: 0)", "let g = DispatchGroup()", "s.wait()", "_ = s.wait(timeout: .now() + 1)",
            "_ = s.wait(wallTimeout: .distantFuture)", "try channel.close().wait()",
            "let v = try promise.futureResult\n    .wait()",
            "try? group.syncShutdownGracefully()", "pthread_cond_wait(c, m)", "pthread_cond_timedwait(c, m, &t)",
            "pthread_mutex_lock(m)", "pthread_rwlock_rdlock(l)", "pthread_join(handle, nil)", "sem_wait(&s)",
            "sem_timedwait(&s, &t)",
            "let n = poll(&entries, 1, -1)", "Glibc.poll(&entries, 1, -1)", "ppoll(&e, 1, nil, nil)",
            "select(1, nil, nil, nil, nil)",
            "epoll_wait(e, &events, 8, -1)", "sleep(1)", "usleep(20_000)", "nanosleep(&t, nil)", "clock_nanosleep(c, 0, &t, nil)",
            "pause()", "Thread.sleep(forTimeInterval: 1)", "try await Task.sleep(for: .seconds(1))", "waitpid(pid, &status, 0)",
            "wait4(-1, &status, 0, &usage)", "wait(&status)", "wait(nil)", "process.waitUntilExit()", "flock(d, LOCK_EX)",
            "while flock(d, LOCK_EX) != 0 {}\nlet other = LOCK_NB", "lockf(d, F_LOCK, 0)", "fcntl(d, F_SETLKW, &lock)",
            "let c = NSCondition()", "let l = NSConditionLock(condition: 1)", "lock.lock(before: Date())", "let l = NSLock()",
            "let n = read(d, &buffer, 10)", "Glibc.read(d, p, 10)", "Foundation.read(d, p, 10)", "readv(d, &parts, 2)",
            "recv(d, p, 1, 0)", "recvfrom(d, p, 1, 0, nil, nil)", "recvmsg(d, &m, 0)", "write(d, p, 1)",
            "Foundation.write(d, p.advanced(by: n), min(1, 2))",
            "send(d, p, 1, 0)", "sendmsg(d, &m, 0)", "let a = accept(d, nil, nil)", "Glibc.connect(d, a, n)",
            "getaddrinfo(host, port, &hints, &list)", "queue.sync { body() }", "queue.sync(execute: body)",
            "DispatchQueue.concurrentPerform(iterations: 3) { _ in }", "FileHandle.standardInput.availableData",
            "while let line = readLine() {}", "FileHandle.standardError.write(data)", "for await x in stream {}",
            "await other.call()",
            "/* a comment */ usleep(1)", "let text = \"usleep\"; usleep(1)", "let text = \"\\\"\"; usleep(1)",
            "let text = \"\"\"\n  usleep\n  \"\"\"; usleep(1)", "if (poll(fds, n, timeout) < 0) return errno;",
        ])
    func sees(code: String) {
        #expect(!WaitScanner().scan(code, file: "a.swift").isEmpty)
    }

    @Test(
        "The scanner lets pass what does not wait, or says who ends it",
        arguments: [
            "let x = latch.wait(.atMost(.seconds(1)))", "monitor.wait(\n    .untilWoken(by: \"close\")\n) { $0 }",
            "state.wait(.until(deadline)) { $0 }", "Poll.wait(&entries, .until(deadline))", "monitor.wait(patience) { $0 }",
            "Pause.wait(for: .seconds(1))", "// usleep(1)", "/* s.wait()\n /* nested */ sleep(1) */", "let text = \"usleep(1)\"",
            "let text = \"\"\"\n  s.wait()\n  \"\"\"", "func read(_ count: Int) {}", "try file.read(8)", "let bytes = try read(8)",
            "(try? send(message)) != nil", "core.send(frame)", "case send(Int)", "send(message, to: peer)", "pause(cause, now)",
            "listener.accept(from: peer)", "let wait = 3",
            "while flock(d, LOCK_EX | LOCK_NB) != 0 {}", "try disk.sync(file)", "func sync() throws {", "case .read: 1",
            "report.wait = 3", "array.select(where: x)", "mailbox.take(.atMost(pause))", "wait(for: lead)", "write(to: &output)",
            "write(level, text(1, 2))",
            "RunLog.standardError(label: name)", "semantic(x)",
            "team.sleepless()",
        ])
    func passes(code: String) {
        #expect(WaitScanner().scan(code, file: "a.swift") == [])
    }

    @Test("A finding names the file, the line, the primitive and the way on")
    func sentence() {
        let findings = WaitScanner().scan("import Glibc\n// usleep\n\nfunc f() {\n    usleep(1)\n}\n", file: "Sources/A/B.swift")
        #expect(findings.map(\.line) == [5])
        #expect(
            findings.first?.description
                == "Sources/A/B.swift:5: `usleep` may wait, and nothing says who ends that: use `Pause.wait(for:)`, or a `Monitor` where somebody should be able to end it"
        )
    }
}
