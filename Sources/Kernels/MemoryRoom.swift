import CKernels
import Files
import Glibc
import Waiting

/// Whether this process may have the memory that it is about to need.
///
/// OpenBLAS takes a buffer for each thread that multiplies when it multiplies first, and where the limits of the process forbid that it tries
/// again for ever, without a word. So whoever is to multiply asks here before.
public enum MemoryRoom {
    /// Address space of one thread that multiplies: OpenBLAS's buffer, and the thread's own stack.
    public static let thread = (128 + 8) << 20
    /// What a process takes beside what is asked for: stacks of its other threads, frames on their way.
    private static let beside = 96 << 20

    /// Once, early in `main`: where address space is limited, all threads share one heap. Each would reserve 64 MB for its own.
    public static func prepare() {
        if AddressSpace.limits.contains(where: { $0.bytes != nil }) { ck_share_one_heap() }
    }

    /// Ends the process with a sentence where the system has refused memory that was asked for: no fault of the program, which has no other way on.
    static func endWithout(bytes: Int) -> Never {
        endWithout("\(bytes) bytes of arrays")
    }

    /// - Parameter what: there is no memory for, as in "a zstd context".
    public static func endWithout(_ what: String) -> Never {
        let limits = AddressSpace.words
        LastWords.end(
            "There is no memory for \(what)\(limits.isEmpty ? "" : " (\(limits))"); use a smaller model, minibatch or number of workers, or raise the limit."
        )
    }

    /// The last guard, before the library's first product in this process: whoever has not asked is told here, and does not wait for ever.
    static func requireForProducts() {
        do { try require(threads: 1, beside: 0, for: "multiplying") } catch { LastWords.end("\(error)") }
    }

    /// - Parameters:
    ///   - threads: that multiply.
    ///   - bytes: of arrays.
    ///   - purpose: what they are for, as in "training with 2 threads".
    ///   - wayOn: what would take less, as in "take fewer --threads"; nil where the caller has nothing to take less with.
    /// - Throws: `MemoryShortage` where the system would refuse it.
    public static func require(threads: Int, bytes: Int = 0, for purpose: String, or wayOn: String? = nil) throws {
        try require(threads: threads, bytes: bytes, beside: beside, for: purpose, or: wayOn)
    }

    /// The most threads up to `most`, and one at least, for whose products there is room.
    public static func threads(atMost most: Int) -> Int {
        (1...max(1, most)).last { (try? require(threads: $0, for: "multiplying")) != nil } ?? 1
    }

    private static func require(threads: Int, bytes: Int = 0, beside: Int, for purpose: String, or wayOn: String? = nil) throws {
        let needed = max(1, threads) * thread + max(0, bytes) + beside
        // The system's own answer holds for every limit there is.
        let place = mmap(nil, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if place != MAP_FAILED {
            munmap(place, needed)
            return
        }
        throw MemoryShortage(purpose: purpose, needed: needed, limits: AddressSpace.limits, wayOn: wayOn)
    }
}

/// A limit of a process on the memory it may name, and how much of it is taken.
public struct AddressSpace: Sendable, Equatable {
    /// "RLIMIT_AS".
    public let name: String
    /// The option of `ulimit` that sets it, as in "-v".
    public let option: String
    /// Nil: none.
    public let bytes: UInt64?
    /// Bytes that the process has named already.
    public let taken: UInt64

    public init(name: String, option: String, bytes: UInt64?, taken: UInt64) {
        self.name = name
        self.option = option
        self.bytes = bytes
        self.taken = taken
    }

    /// As they are.
    public static var limits: [AddressSpace] {
        let (all, data) = pages()
        return [
            AddressSpace(name: "RLIMIT_AS", option: "-v", bytes: limit(RLIMIT_AS), taken: all),
            AddressSpace(name: "RLIMIT_DATA", option: "-d", bytes: limit(RLIMIT_DATA), taken: data),
        ]
    }

    /// "RLIMIT_AS, the limit on a process's memory, is set to 614 MB (ulimit -v 600000)": those that are set; empty where none is.
    public static var words: String {
        limits.compactMap { limit in
            limit.bytes.map {
                "\(limit.name), the limit on a process's memory, is set to \($0 / 1_000_000) MB (ulimit \(limit.option) \($0 / 1024))"
            }
        }
        .joined(separator: " and ")
    }

    private static func limit(_ resource: __rlimit_resource) -> UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else { return nil }
        return UInt64(limit.rlim_cur)
    }

    /// Bytes of address space of this process, and of its data and stack.
    private static func pages() -> (all: UInt64, data: UInt64) {
        let file = try? SmallFile("/proc/self/statm", limit: 4096, .atMost(.seconds(1)))
        let line = String(decoding: file?.bytes ?? [], as: UTF8.self)
        let words = line.split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0) }
        guard words.count >= 6 else { return (0, 0) }
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        return (words[0] * page, words[5] * page)
    }
}

/// The limits of this process leave no room for what it is to do.
public struct MemoryShortage: Error, CustomStringConvertible, Sendable, Equatable {
    /// What the memory is for, as in "training with 2 threads".
    public let purpose: String
    /// Bytes of address space that it takes beside what is taken.
    public let needed: Int
    /// The limits of the process, as they were when it was refused.
    public let limits: [AddressSpace]
    /// What would take less, as in "take fewer --threads"; nil where nothing does.
    public let wayOn: String?

    public init(purpose: String, needed: Int, limits: [AddressSpace], wayOn: String? = nil) {
        self.purpose = purpose
        self.needed = needed
        self.limits = limits
        self.wayOn = wayOn
    }

    /// The limit that stands in the way; nil where it is another's.
    private var cause: AddressSpace? {
        limits.first { limit in limit.bytes.map { limit.taken + UInt64(needed) > $0 } ?? false }
    }

    public var description: String {
        let other = wayOn.map { ", or \($0)" } ?? ""
        let what = "\(purpose) takes \(Self.megabytes(UInt64(needed))) of address space more, and this process cannot have it: "
        guard let cause, let bytes = cause.bytes else {
            return what
                + "the system hands memory out strictly (vm.overcommit_memory), and has not so much left; make room\(other)"
        }
        return what
            + "the memory limit \(cause.name) is set to \(Self.megabytes(bytes)), of which \(Self.megabytes(cause.taken)) are taken; "
            + "raise it (ulimit \(cause.option) unlimited)\(other)"
    }

    private static func megabytes(_ bytes: UInt64) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
}
