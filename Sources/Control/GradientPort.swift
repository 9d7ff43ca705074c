import Collectives

/// The port at which a worker, or a summation server, waits for gradient links.
package struct GradientPort: Sendable {
    let port: Int

    package init(port: Int) { self.port = port }

    /// Opens the listener: on loopback alone where the whole run is on this machine.
    ///
    /// - Throws: `LinkSetupError` where the port is taken.
    package func open(remote: Bool) throws -> GradientListener {
        guard remote else { return try GradientListener(host: "127.0.0.1", port: port) }
        // Both families where the host has IPv6, else IPv4 alone.
        do {
            return try GradientListener(host: "::", port: port)
        } catch {
            return try GradientListener(host: "0.0.0.0", port: port)
        }
    }
}
