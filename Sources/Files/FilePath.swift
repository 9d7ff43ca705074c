/// Paths as the system takes them, handled by their bytes alone, without any look-up in the file system.
public enum FilePath {
    /// The folder that the last name of a path lies in: "." for a name alone, "/" for one directly below the root.
    public static func folder(of path: String) -> String {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        rest = rest[..<slash]
        while rest.last == "/" { rest.removeLast() }
        return rest.isEmpty ? "/" : String(rest)
    }
}
