/// Lower-case hexadecimal digits of bytes, two a byte: how a digest is written.
public func hexDigits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// Sixteen lower-case hexadecimal digits: how a chain hash is written.
public func hexDigits(_ value: UInt64) -> String {
    hexDigits((0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
}
