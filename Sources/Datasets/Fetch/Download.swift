import Crypto
import Foundation
import Kernels
import Synchronization
import Waiting

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One file on its way from one address to the disk: counted, hashed and written as it comes, and given its name only
/// when length and SHA-256 are those published.
final class Download: NSObject, URLSessionDataDelegate, Sendable {
    /// This address did not have the file; another may.
    struct Fault: Error { var reason: String }

    /// An address that sends no byte for so long is given up.
    private static let idleSeconds = 30.0

    private struct State {
        var file: DataFile
        var hash = SHA256()
        var received = 0
        var lastByte = MonotonicTime.now
        /// The first thing that went wrong.
        var failure: (any Error)?
    }

    private let expected: PublishedFile
    private let progress: @Sendable (Int) -> Void
    private let state: Mutex<State>
    private let finished = Latch()

    private init(_ expected: PublishedFile, to path: String, progress: @escaping @Sendable (Int) -> Void) throws {
        self.expected = expected
        self.progress = progress
        state = Mutex(State(file: try DataFile(path)))
    }

    /// Throws `Fault` where the address is to blame, `DataError` where the disk is.
    static func run(
        from address: String, of expected: PublishedFile, to path: String, progress: @escaping @Sendable (Int) -> Void
    ) throws {
        guard let url = URL(string: address) else { throw Fault(reason: "not an address") }
        let download = try Download(expected, to: path, progress: progress)
        let settings = URLSessionConfiguration.ephemeral
        settings.timeoutIntervalForRequest = idleSeconds
        settings.urlCache = nil
        let session = URLSession(configuration: settings, delegate: download, delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        let task = session.dataTask(with: url)
        task.resume()
        // Checks once a second whether bytes still come: the session's own time-out is not relied on.
        while !download.finished.wait(.atMost(.seconds(1))) {
            guard download.isIdle else { continue }
            task.cancel()
            // The session reports the end on another thread; that report adds nothing.
            _ = download.finished.wait(.atMost(.seconds(1)))
            break
        }
        try download.conclude()
    }

    /// Notes the fault of an address that has been silent for too long.
    private var isIdle: Bool {
        state.withLock { state in
            guard MonotonicTime.now - state.lastByte > .seconds(Self.idleSeconds) else { return false }
            state.failure = state.failure ?? Fault(reason: "no byte for \(Int(Self.idleSeconds)) s")
            return true
        }
    }

    private func conclude() throws {
        try state.withLock { state in
            do {
                if let failure = state.failure { throw failure }
                guard state.received == expected.bytes else {
                    throw Fault(reason: "sent \(state.received) bytes, expected \(expected.bytes)")
                }
                let found = hexDigits(state.hash.finalize())
                guard found == expected.sha256 else {
                    throw Fault(reason: "SHA-256 is \(found), expected \(expected.sha256)")
                }
                try state.file.commit()
            } catch {
                state.file.discard()
                throw error
            }
        }
    }

    // MARK: What the session tells, on its own queue

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        var reason: String?
        if let answer = response as? HTTPURLResponse, answer.statusCode != 200 {
            reason = "HTTP status \(answer.statusCode)"
        } else if response.expectedContentLength >= 0, response.expectedContentLength != Int64(expected.bytes) {
            reason = "offers \(response.expectedContentLength) bytes, expected \(expected.bytes)"
        }
        if let reason { state.withLock { $0.failure = $0.failure ?? Fault(reason: reason) } }
        completionHandler(reason == nil ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let received = state.withLock { state -> Int? in
            guard state.failure == nil else { return nil }
            do {
                state.received += data.count
                guard state.received <= expected.bytes else {
                    throw Fault(reason: "sends more than the expected \(expected.bytes) bytes")
                }
                state.hash.update(data: data)
                state.lastByte = MonotonicTime.now
                try state.file.write(Array(data))
            } catch {
                state.failure = error
                return nil
            }
            return state.received
        }
        if let received { progress(received) } else { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        state.withLock { state in
            if let error { state.failure = state.failure ?? Fault(reason: error.localizedDescription) }
        }
        finished.countDown()
    }
}
