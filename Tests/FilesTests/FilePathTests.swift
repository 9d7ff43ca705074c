import Files
import Testing
import Waiting

@Suite struct FilePathTests {
    @Test(
        "The folder of a path is told by its letters, whatever their number",
        arguments: [
            ("x", "."), ("a/b", "a"), ("/x", "/"), ("/", "/"), ("a/", "."), ("a//b//", "a"), ("//x", "/"), ("", "."), ("./x", "."),
            ("/a/b/c.npy", "/a/b"), ("../x", ".."),
        ])
    func folders(path: String, folder: String) { #expect(FilePath.folder(of: path) == folder) }
}
