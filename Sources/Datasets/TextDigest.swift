import Crypto
import Kernels

/// SHA-256 of a text, as 64 hex digits.
func textDigest(_ text: String) -> String { hexDigits(SHA256.hash(data: Array(text.utf8))) }
