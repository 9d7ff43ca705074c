import Glibc
import Wire

extension LinkLocal {
    /// The address as this host can dial it; `own` is this host's address towards the peer that named it. A zone is kept where this host has an
    /// interface of that name; any other zone, or none, is replaced by that of `own`.
    package static func dialled(_ host: String, from own: String?) -> String {
        guard isOne(host) else { return host }
        if let zone = zone(of: host), if_nametoindex(zone) != 0 { return host }
        return retold(host, to: own)
    }
}

extension ControlView {
    /// The view with its addresses as this host can dial them; `own` is its address towards the coordinator.
    func dialled(from own: String?) -> ControlView {
        var view = self
        for index in view.servers.indices {
            view.servers[index].addresses = view.servers[index].addresses.map { LinkLocal.dialled($0, from: own) }
        }
        for index in view.members.indices {
            view.members[index].addresses = view.members[index].addresses.map { LinkLocal.dialled($0, from: own) }
        }
        return view
    }
}
