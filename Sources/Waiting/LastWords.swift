import Glibc

/// Ends a process to which the system refuses what it needs: no fault of the program, so with a sentence and no trap.
public enum LastWords {
    /// Writes one line on standard error, and ends the process with 1.
    public static func end(_ sentence: String) -> Never {
        var text = "lockstep: \(sentence)\n"
        _ = text.withUTF8 { Descriptor.write(UnsafeRawBufferPointer($0), to: STDERR_FILENO, .atMost(.seconds(5))) }
        _exit(1)
    }
}
