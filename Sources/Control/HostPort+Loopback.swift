import Collectives
import Waiting
import Wire

extension HostPort {
    /// The first address that the name stands for, with the port, where all of them are loopback addresses; else nil. Nil also where the name
    /// cannot be resolved within `patience`.
    public func onLoopback(_ patience: Patience) -> HostPort? {
        if isLoopback { return self }
        let addresses = HostName.addresses(host, patience)
        guard let first = addresses.first, addresses.allSatisfy(Self.isLoopback) else { return nil }
        return HostPort(host: first, port: port)
    }
}
