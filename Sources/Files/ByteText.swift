/// A number of bytes in readable form, in decimal units, as links and disks are rated: "12.3 MB".
public func byteText(_ count: UInt64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
    guard count >= 1_000 else { return "\(count) B" }
    var tenths = count / 100 + (count % 100 >= 50 ? 1 : 0)
    var unit = 0
    while tenths >= 10_000, unit < units.count - 1 {
        tenths = tenths / 1_000 + (tenths % 1_000 >= 500 ? 1 : 0)
        unit += 1
    }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}
