import ArgumentParser
import Wire

/// How many summation servers there may be.
enum ServerCount {
    /// - Throws: `ValidationError`.
    static func check(_ servers: Int) throws {
        guard (0...Limits.servers).contains(servers) else {
            throw ValidationError("--servers is \(servers); there may be none, and as many as \(Limits.servers)")
        }
    }
}
