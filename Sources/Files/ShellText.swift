import Foundation

/// Words as a POSIX shell reads them: for commands that are printed to be typed again, and for those that are sent to another shell.
public enum ShellText {
    /// A command line as it can be pasted into a shell.
    public static func line(_ words: [String]) -> String { words.map(word).joined(separator: " ") }

    /// A word, in quotes where the shell would read it as something else.
    public static func word(_ word: String) -> String { !word.isEmpty && word.utf8.allSatisfy(isPlain) ? word : quoted(word) }

    /// A word in quotes.
    public static func quoted(_ word: String) -> String { "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'" }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "-_./=:,@%+".utf8.contains(byte)
    }
}
