/// Finds calls that may block in Swift and C sources, by the names of the primitives.
///
/// It reads words, not types: enough to point at a place, and an exception with its reason stands in `EveryWaitTests`.
struct WaitScanner {
    /// One place.
    struct Finding: Hashable, CustomStringConvertible {
        var file: String
        var line: Int
        /// The primitive.
        var name: String
        var instead: String

        var description: String { "\(file):\(line): `\(name)` may wait, and nothing says who ends that: use \(instead)" }
    }

    private static let threads = "`Latch`, `Slots`, `Mailbox` or `Monitor`"
    private static let reading = "`Descriptor.read` with a Patience, or `Poll` before it"
    private static let pause = "`Pause.wait(for:)`, or a `Monitor` where somebody should be able to end it"

    /// Types and constants that are wrong wherever they stand.
    private static let names: [String: String] = [
        "DispatchSemaphore": threads, "DispatchGroup": threads, "NSCondition": threads, "NSConditionLock": threads,
        "NSLock": "`Mutex` or `Monitor`", "NSRecursiveLock": "`Mutex` or `Monitor`",
        "syncShutdownGracefully": "`shutDown(_:)` with a Patience", "waitUntilExit": "`Children.next` with a Patience",
        "concurrentPerform": "`OwnedThread` and `Latch`", "F_SETLKW": "`F_SETLK` in a loop with a Deadline",
        "F_OFD_SETLKW": "`F_OFD_SETLK` in a loop with a Deadline", "standardInput": reading, "readLine": reading,
        "await": "a Patience: what is awaited has no deadline of its own",
    ]

    /// Functions of the C library, called by their bare name or as `Glibc.name`.
    private static let functions: [String: String] = {
        var result: [String: String] = [:]
        func add(_ names: String, _ instead: String) { for name in names.split(separator: " ") { result[String(name)] = instead } }
        add("poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2", "`Poll.wait` with a Patience")
        add("sleep usleep nanosleep clock_nanosleep pause", pause)
        add("sigwait sigwaitinfo sigtimedwait sigsuspend", "`StopSignals`")
        add("wait wait3 wait4 waitpid waitid system popen pclose", "`Children.next` with a Patience")
        add("read readv recv recvfrom recvmsg getline fgets fread getchar", reading)
        add("write writev send sendto sendmsg", "`Descriptor.write` with a Patience")
        add("accept accept4 connect", "a non-blocking socket and `Poll.wait` with a Patience")
        add("getaddrinfo getnameinfo gethostbyname gethostbyaddr", "`NameLookup` with a Patience")
        add("flock lockf", "`flock` with `LOCK_NB` in a loop with a Deadline")
        add("mq_receive mq_send msgrcv msgsnd", threads)
        return result
    }()

    private static let families: [(prefix: String, instead: String)] = [
        ("pthread_cond_", "`Monitor`"), ("pthread_mutex_", "`Mutex` or `Monitor`"), ("pthread_rwlock_", "`Mutex` or `Monitor`"),
        ("pthread_spin_", "`Mutex` or `Monitor`"), ("pthread_barrier_", "`Latch`"), ("pthread_join", "`OwnedThread.join`"),
        ("pthread_timedjoin", "`OwnedThread.join`"), ("sem_", threads), ("mtx_", "`Mutex` or `Monitor`"), ("cnd_", "`Monitor`"),
    ]

    /// Every place in `text` that may block.
    func scan(_ text: String, file: String) -> [Finding] {
        let code = Array(Self.withoutWords(text).utf8)
        var findings: [Finding] = []
        var line = 1
        var index = 0
        while index < code.count {
            if code[index] == UInt8(ascii: "\n") { line += 1 }
            guard Self.isWord(code[index]), index == 0 || !Self.isWord(code[index - 1]) else {
                index += 1
                continue
            }
            var end = index
            while end < code.count, Self.isWord(code[end]) { end += 1 }
            let word = Word(code: code, range: index..<end)
            if let instead = Self.judge(word) {
                findings.append(Finding(file: file, line: line, name: word.name, instead: instead))
            }
            index = end
        }
        return findings
    }

    /// What to use instead of this word where it stands; nil where it is harmless.
    private static func judge(_ word: Word) -> String? {
        if let instead = names[word.name] { return word.isDeclared ? nil : instead }
        if word.qualifier == "FileHandle", ["standardError", "standardOutput"].contains(word.name) {
            return "`LossyOutput`, or `Descriptor.write` with a Patience"
        }
        if word.name == "sync", word.opensClosure || word.arguments.hasPrefix("execute:") { return "`Mutex` or `Monitor`" }
        guard word.isCall, !word.isDeclared else { return nil }
        switch word.name {
        case "wait" where word.qualifier != nil:
            // Every waiting call of `Waiting` begins with its Patience, but for the descriptors of `Poll.wait`.
            let patient = [".atMost(", ".until(", ".untilWoken(", "patience", "&"].contains { word.arguments.hasPrefix($0) }
            return patient || word.qualifier == "Pause" ? nil : "a wait that takes a Patience"
        case "wait": return word.arguments.hasPrefix("&") || word.arguments.hasPrefix("nil") ? functions["wait"] : nil
        case "lock": return word.arguments.hasPrefix("before:") ? "`Mutex` or `Monitor`" : nil
        case "sleep" where word.qualifier == "Thread" || word.qualifier == "Task": return pause
        case "read", "write": if word.argumentCount != 3 { return nil }
        case "send": if word.argumentCount != 4 { return nil }
        case "pause": if word.argumentCount != 0 { return nil }
        case "flock" where word.arguments.contains("LOCK_NB"): return nil
        default: break
        }
        guard word.isFunction else { return nil }
        return functions[word.name] ?? families.first { word.name.hasPrefix($0.prefix) }?.instead
    }

    /// A word of the code and what stands around it.
    private struct Word {
        var name: String
        /// What stands before the dot; empty where that is no name; nil without a dot.
        var qualifier: String?
        /// The word before it, as in `func read`.
        var before: String
        var isCall: Bool
        var opensClosure: Bool
        /// From behind the parenthesis, without blanks, to its end or not much further.
        var arguments: String

        init(code: [UInt8], range: Range<Int>) {
            name = String(decoding: code[range], as: UTF8.self)
            let (dot, start) = Word.previous(code, range.lowerBound)
            if dot == UInt8(ascii: ".") {
                let first = Word.start(of: start, code)
                qualifier = String(decoding: code[first..<start], as: UTF8.self)
                before = Word.text(before: first, code)
            } else {
                qualifier = nil
                before = Word.text(before: range.lowerBound, code)
            }
            var next = range.upperBound
            while next < code.count, code[next] == UInt8(ascii: " ") { next += 1 }
            let opener = next < code.count ? code[next] : 0
            isCall = opener == UInt8(ascii: "(") && next == range.upperBound
            opensClosure = opener == UInt8(ascii: "{")
            guard isCall else {
                arguments = ""
                return
            }
            var depth = 1
            var kept: [UInt8] = []
            for byte in code[(next + 1)...].prefix(400) {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                if depth == 0 { break }
                if byte > 0x20 { kept.append(byte) }
            }
            arguments = String(decoding: kept, as: UTF8.self)
        }

        var argumentCount: Int {
            var (depth, commas) = (0, 0)
            for character in arguments {
                if "([{".contains(character) { depth += 1 }
                if ")]}".contains(character) { depth -= 1 }
                if character == ",", depth == 0 { commas += 1 }
            }
            return arguments.isEmpty ? 0 : commas + 1
        }

        /// A declaration of that name, or a case of an enum.
        var isDeclared: Bool { ["func", "case", "var", "let"].contains(before) }

        /// Called as the C library's: those do not throw, their arguments have no labels, and a method is called on something.
        var isFunction: Bool {
            let labelled =
                arguments.prefix { $0.isLetter }.count > 0 && arguments.drop { $0.isLetter || $0.isNumber }.hasPrefix(":")
            return before != "try" && !labelled && (qualifier == nil || qualifier == "Glibc" || qualifier == "Foundation")
        }

        /// The byte before `index` that is no blank, and where it stands.
        private static func previous(_ code: [UInt8], _ index: Int) -> (UInt8, Int) {
            var index = index - 1
            while index >= 0, code[index] <= 0x20 { index -= 1 }
            return index < 0 ? (0, 0) : (code[index], index)
        }

        private static func start(of end: Int, _ code: [UInt8]) -> Int {
            var start = end
            while start > 0, WaitScanner.isWord(code[start - 1]) { start -= 1 }
            return start
        }

        /// The word right before `index`; "try" also for `try?` and `try!`.
        private static func text(before index: Int, _ code: [UInt8]) -> String {
            var (byte, end) = previous(code, index)
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "!") { (byte, end) = previous(code, end) }
            guard isWord(byte) else { return "" }
            return String(decoding: code[start(of: end, code)...end], as: UTF8.self)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    /// The same text, line for line, with comments and the insides of string literals blanked.
    private static func withoutWords(_ text: String) -> String {
        enum Place {
            case code, line
            case block(Int)
            case string, long
        }
        let bytes = Array(text.utf8)
        var result = bytes
        var place = Place.code
        var index = 0
        func begins(_ text: StaticString) -> Bool {
            guard index + text.utf8CodeUnitCount <= bytes.count else { return false }
            return (0..<text.utf8CodeUnitCount).allSatisfy { text.utf8Start[$0] == bytes[index + $0] }
        }
        func blank(_ count: Int) {
            for place in index..<min(index + count, bytes.count) where bytes[place] != 10 { result[place] = 32 }
            index += count
        }
        while index < bytes.count {
            switch place {
            case .code:
                if begins("//") {
                    place = .line
                } else if begins("/*") {
                    place = .block(1)
                    blank(2)
                } else if begins("\"\"\"") {
                    place = .long
                    index += 3
                } else if begins("\"") {
                    place = .string
                    index += 1
                } else {
                    index += 1
                }
            case .line:
                if begins("\n") { place = .code }
                blank(1)
            case .block(let depth):
                if begins("/*") {
                    place = .block(depth + 1)
                    blank(2)
                } else if begins("*/") {
                    place = depth == 1 ? .code : .block(depth - 1)
                    blank(2)
                } else {
                    blank(1)
                }
            case .string:
                if begins("\\") {
                    blank(2)
                } else if begins("\"") || begins("\n") {
                    place = .code
                    index += 1
                } else {
                    blank(1)
                }
            case .long:
                if begins("\\") {
                    blank(2)
                } else if begins("\"\"\"") {
                    place = .code
                    index += 3
                } else {
                    blank(1)
                }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
