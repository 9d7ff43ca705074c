import Autoencoder

/// Writes settings that name their own keys.
final class SettingWriter: SettingKeys {
    private var entries: [Setting.Entry] = []

    private func write(_ key: String, _ value: Setting) {
        entries.append(Setting.Entry(key: key, keyOrigin: .program, value: value))
    }

    func text(_ key: String, _ value: String) { write(key, .text(value)) }

    func real(_ key: String, _ value: inout Double, _ range: RealRange) { write(key, .real(value)) }

    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) {
        write(key, .plain(String(value)))
    }

    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) {
        write(key, value.map(Setting.integer) ?? .text(word))
    }

    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) { write(key, .text(value.rawValue)) }

    func list(_ key: String, _ value: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) {
        write(key, .list(value.map(Setting.integer)))
    }

    func path(_ key: String, _ value: inout String?) { if let value { text(key, value) } }

    func digest(_ key: String, _ value: inout String?) { if let value { text(key, value) } }

    func mapping(_ key: String, isThere: inout Bool, _ body: (SettingWriter) throws -> Void) rethrows {
        guard isThere else { return }
        let writer = SettingWriter()
        try body(writer)
        if !writer.entries.isEmpty { write(key, writer.mapping) }
    }

    func absent(_ key: String, _ why: @autoclosure () -> String) {}

    /// What has been written, in order.
    var mapping: Setting { Setting(content: .mapping(entries), origin: .program) }

    /// The mapping that one visit of a writer makes.
    static func mapping(_ visit: (SettingWriter) throws -> Void) -> Setting {
        let writer = SettingWriter()
        do { try visit(writer) } catch { preconditionFailure("a writer refuses nothing") }
        return writer.mapping
    }
}
