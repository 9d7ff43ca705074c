/// How the members of a view sum their gradients.
public enum Topology: String, Sendable, CaseIterable {
    /// Reduce-scatter and all-gather between neighbours.
    case ring
    /// Push to a summation server in the coordinator, pull the sum.
    case server
}
