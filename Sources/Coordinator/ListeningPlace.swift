import Wire

/// Where a coordinator listens, and in words who can reach it there. A name may stand for another address than the user thinks: in Debian's
/// /etc/hosts, the machine's own host name stands for 127.0.1.1.
package struct ListeningPlace: Sendable {
    /// As it is bound.
    let bound: HostPort
    /// The host that was asked for: an address, or a name of one.
    let wanted: String
    /// The user can choose another one.
    let isChosen: Bool
    /// The addresses of this machine's interfaces.
    let addresses: [String]

    package init(bound: HostPort, wanted: String, isChosen: Bool, addresses: [String]) {
        self.bound = bound
        self.wanted = wanted
        self.isChosen = isChosen
        self.addresses = addresses
    }

    /// It was given by a name, and no other host can reach it: hardly what was meant.
    package var isSurprise: Bool { bound.isLoopback && isName && wanted != "localhost" }

    private var isName: Bool { !wanted.contains(":") && wanted.contains(where: \.isLetter) }

    private var isEverywhere: Bool { bound.host == "0.0.0.0" || bound.host == "::" }

    /// The whole sentence.
    package var words: String {
        let name = isName ? " (\(wanted))" : ""
        if isEverywhere {
            let family = bound.host == "::" ? "" : "IPv4 "
            let known = addresses.filter { bound.host == "::" || !$0.contains(":") }.prefix(4)
            return "listening on \(bound), every \(family)address of this machine"
                + (known.isEmpty ? "" : ": \(known.joined(separator: ", "))")
        }
        guard bound.isLoopback else { return "listening on \(bound)\(name)" }
        let example = addresses.first.map { ", for example \(HostPort(host: $0, port: bound.port))" } ?? ""
        return "listening on \(bound)\(name), which this machine alone reaches"
            + (isChosen
                ? "; for workers on other hosts give --listen 0.0.0.0:\(bound.port), or the address of an interface\(example)" : "")
    }
}
