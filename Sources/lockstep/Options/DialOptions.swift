import ArgumentParser
import Wire

/// Options of processes that dial a coordinator and are dialled for gradients.
enum DialOptions {
    /// - Throws: `ValidationError` for an impossible value.
    static func check(coordinator: AddressArgument, dataPort: Int, number: UInt32?, advertise: String?) throws {
        guard (0...65535).contains(dataPort) else { throw ValidationError("--data-port is \(dataPort); ports are 0 to 65535") }
        if let number, number >= 1 << 20 { throw ValidationError("--number is \(number); expected less than 1048576") }
        if let place = coordinator.value.undialable {
            throw ValidationError(
                "--coordinator \(coordinator.value) has \(place), which nobody can dial; write for example 192.168.1.10:7700")
        }
        guard let advertise else { return }
        do { _ = try HostPort(parsing: advertise, defaultPort: 0) } catch { throw ValidationError("\(error)") }
    }
}
