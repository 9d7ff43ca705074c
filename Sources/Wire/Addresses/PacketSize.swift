/// A way through the network that carries only small packets.
package enum PacketSize {
    /// What is wrong where large messages are lost on the way, and what helps.
    package static let wayOn =
        "something on the way (a tunnel, a VPN, a switch) takes smaller packets than the interfaces send; give the interfaces on both sides a smaller MTU (`ip link set dev eth0 mtu 1280`), or let ICMP through, which would tell them"
}
