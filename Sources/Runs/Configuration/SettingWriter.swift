import Autoencoder

/// Writes the keys of settings that name their own.
final class SettingWriter: SettingKeys {
    private var entries: [Setting.Entry]

    init(kind: String) { entries = [Setting.Entry(key: "kind", keyOrigin: .program, value: .text(kind))] }

    func real(_ key: String, _ value: inout Double, _ range: RealRange) {
        entries.append(Setting.Entry(key: key, keyOrigin: .program, value: .real(value)))
    }

    func integer(_ key: String, _ value: inout Int, _ range: ClosedRange<Int>) {
        entries.append(Setting.Entry(key: key, keyOrigin: .program, value: .integer(value)))
    }

    /// What has been written, in order.
    var mapping: Setting { Setting(content: .mapping(entries), origin: .program) }
}
