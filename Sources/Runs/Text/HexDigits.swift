/// Lower-case hexadecimal digits of bytes, two a byte.
func hexDigits(_ bytes: some Sequence<UInt8>) -> String {
    bytes.reduce(into: "") { $0 += String($1 >> 4, radix: 16) + String($1 & 15, radix: 16) }
}

/// Sixteen lower-case hexadecimal digits, as a chain hash is written.
func hexDigits(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
