import CKernels
import Files
import Glibc
import Waiting

/// Whether this process may have the memory that it is about to need.
///
/// OpenBLAS takes a buffer for each thread at the thread's first product. Where the limits of the process forbid that, it tries again for ever,
/// without a message. So check here before the first product.
public enum MemoryRoom {
    /// Address space of one thread that multiplies: OpenBLAS's buffer, and the thread's own stack.
    public static let thread = (128 + 8) << 20
    /// What a process takes besides the memory asked for: stacks of its other threads, frames being sent.
    private static let beside = 96 << 20

    /// Call once, early in `main`. Where address space is limited, it makes all threads share one heap; otherwise each would reserve 64 MB for its
    /// own.
    public static func prepare() {
        if AddressSpace.limits.contains(where: { $0.bytes != nil }) { ck_share_one_heap() }
    }

    /// Ends the process with a message after the system has refused memory. This is no fault of the program, and it cannot go on.
    static func endWithout(bytes: Int) -> Never {
        endWithout("\(bytes) bytes of arrays")
    }

    /// - Parameter what: the thing that there is no memory for, as in "a zstd context".
    public static func endWithout(_ what: String) -> Never {
        let limits = AddressSpace.words
        LastWords.end(
            "There is no memory for \(what)\(limits.isEmpty ? "" : " (\(limits))"); use a smaller model, minibatch or number of workers, or raise the limit."
        )
    }

    /// The last check, before the library's first product in this process: a caller that has not checked gets a message instead of waiting for ever.
    static func requireForProducts() {
        do { try require(threads: 1, beside: 0, for: "multiplying") } catch { LastWords.end("\(error)") }
    }

    /// - Parameters:
    ///   - threads: that multiply.
    ///   - bytes: of arrays.
    ///   - purpose: what they are for, as in "training with 2 threads".
    ///   - wayOn: what would take less, as in "take fewer --threads"; nil where the caller has no such option.
    /// - Throws: `MemoryShortage` where the system would refuse it.
    public static func require(threads: Int, bytes: Int = 0, for purpose: String, or wayOn: String? = nil) throws {
        try require(threads: threads, bytes: bytes, beside: beside, for: purpose, or: wayOn)
    }

    /// The most threads, from 1 to `most`, for whose products there is room.
    public static func threads(atMost most: Int) -> Int {
        (1...max(1, most)).last { (try? require(threads: $0, for: "multiplying")) != nil } ?? 1
    }

    private static func require(threads: Int, bytes: Int = 0, beside: Int, for purpose: String, or wayOn: String? = nil) throws {
        let needed = max(1, threads) * thread + max(0, bytes) + beside
        // Asking the system itself takes every limit into account.
        let place = mmap(nil, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if place != MAP_FAILED {
            munmap(place, needed)
            return
        }
        throw MemoryShortage(purpose: purpose, needed: needed, limits: AddressSpace.limits, wayOn: wayOn)
    }
}

/// A limit on a process's address space, and how much of it is taken.
public struct AddressSpace: Sendable, Equatable {
    /// "RLIMIT_AS".
    public let name: String
    /// The option of `ulimit` that sets it, as in "-v".
    public let option: String
    /// Nil for no limit.
    public let bytes: UInt64?
    /// Bytes that the process has mapped already.
    public let taken: UInt64

    public init(name: String, option: String, bytes: UInt64?, taken: UInt64) {
        self.name = name
        self.option = option
        self.bytes = bytes
        self.taken = taken
    }

    /// The limits as they are now.
    public static var limits: [AddressSpace] {
        let (all, data) = pages()
        return [
            AddressSpace(name: "RLIMIT_AS", option: "-v", bytes: limit(RLIMIT_AS), taken: all),
            AddressSpace(name: "RLIMIT_DATA", option: "-d", bytes: limit(RLIMIT_DATA), taken: data),
        ]
    }

    /// "RLIMIT_AS, the limit on a process's memory, is set to 614 MB (ulimit -v 600000)". Lists the limits that are set; empty where none is.
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
        let words = SystemText.fields(SystemText.text("/proc/self/statm")).compactMap { UInt64($0) }
        guard words.count >= 6 else { return (0, 0) }
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        return (words[0] * page, words[5] * page)
    }
}

/// The system refuses the memory that this process is about to need.
public struct MemoryShortage: Error, CustomStringConvertible, Sendable, Equatable {
    /// What the memory is for, as in "training with 2 threads".
    public let purpose: String
    /// Bytes of address space that are needed beyond those taken.
    public let needed: Int
    /// The limits of the process, as they were when the memory was refused.
    public let limits: [AddressSpace]
    /// What would take less, as in "take fewer --threads"; nil where nothing does.
    public let wayOn: String?

    public init(purpose: String, needed: Int, limits: [AddressSpace], wayOn: String? = nil) {
        self.purpose = purpose
        self.needed = needed
        self.limits = limits
        self.wayOn = wayOn
    }

    /// The limit of this process that is the cause; nil where the cause is elsewhere.
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
