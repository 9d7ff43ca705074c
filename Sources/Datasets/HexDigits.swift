import Crypto

/// Lower-case hex, two digits a byte.
func hexDigits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// SHA-256 of a text, as 64 hex digits.
func textDigest(_ text: String) -> String { hexDigits(SHA256.hash(data: Array(text.utf8))) }
