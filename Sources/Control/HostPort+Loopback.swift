import Collectives
import Waiting
import Wire

extension HostPort {
    /// Where it stands for addresses of loopback and for no other: the first of them, with the port. Nil also where nobody knows the name
    /// within `patience`.
    public func onLoopback(_ patience: Patience) -> HostPort? {
        if isLoopback { return self }
        let addresses = HostName.addresses(host, patience)
        guard let first = addresses.first, addresses.allSatisfy(Self.isLoopback) else { return nil }
        return HostPort(host: first, port: port)
    }
}
