import Datasets
import Files
import Foundation
import Waiting

extension SettingOrigin {
    /// Resolves a path that was written here as the shell does: from the current folder where it was typed, from the file's own folder where it
    /// stands in a file. A path from the program itself is left as it is.
    func resolve(_ path: String) -> String {
        switch self {
        case .typed: return DataDirectory.absolute(path)
        case .file(let file, _):
            // A file that is inherited as a descriptor is in no folder.
            guard SmallFile.inheritedDescriptor(file) == nil else { return DataDirectory.absolute(path) }
            // A name alone is a file of the current folder.
            let folder = (file as NSString).deletingLastPathComponent
            return DataDirectory.absolute(path, from: folder.isEmpty ? nil : folder)
        case .recipe, .program: return path
        }
    }
}
