import Waiting
import Wire

/// What a host's name stands for.
public enum HostName {
    /// All its addresses in digits, a link-local one with its zone; none where nobody knows it in time.
    public static func addresses(_ host: String, _ patience: Patience) -> [String] {
        let found = try? NameLookup().find([HostPort(host: host, port: 0)], passive: false, limit: .max, patience)
        return (found ?? []).map(\.host)
    }
}
