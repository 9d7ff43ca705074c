import Datasets
import Files
import Foundation
import Waiting

extension SettingOrigin {
    /// A path as the shell means it that was written here: seen from the current folder where it was typed, from the file's own folder where
    /// it stands in a file. What the program itself says is left as it is.
    func resolve(_ path: String) -> String {
        switch self {
        case .typed: return DataDirectory.absolute(path)
        case .file(let file, _):
            // What is handed down as a descriptor stands in no folder.
            guard SmallFile.inheritedDescriptor(file) == nil else { return DataDirectory.absolute(path) }
            // A name alone is a file of the current folder.
            let folder = (file as NSString).deletingLastPathComponent
            return DataDirectory.absolute(path, from: folder.isEmpty ? nil : folder)
        case .recipe, .program: return path
        }
    }
}
