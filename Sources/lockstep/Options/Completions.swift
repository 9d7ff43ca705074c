import ArgumentParser
import Datasets
import Foundation
import Kernels
import Runs

/// What a shell offers after a flag or a command, where the program knows the words.
enum Completions {
    static let recipes = CompletionKind.list(Recipes.all.map(\.name))
    static let engines = CompletionKind.list(ProductEngine.allCases.map(\.rawValue))
    static let precisions = CompletionKind.list(Precision.allCases.map(\.rawValue))
    static let kernels = CompletionKind.list(["auto"] + KernelFamily.allCases.map(\.rawValue))
    static let sets = CompletionKind.list(KnownSet.all.filter { !$0.files.isEmpty }.map(\.name))
    static let verifiableSets = CompletionKind.list(KnownSet.verifiable.map(\.name))
    static let yaml = CompletionKind.file(extensions: ["yaml", "yml"])

    /// Runs under ./runs, `latest`, and runs anywhere; once something is typed, any folder that leads on to one.
    static let runs = CompletionKind.custom { _, _, beginning in
        let names =
            RunFolder.names()
            + (RunFolder.exists("\(RunFolder.defaultParent)/\(RunFolder.latestName)") ? [RunFolder.latestName] : [])
        return names.filter { $0.hasPrefix(beginning) } + folders(beginning)
    }

    /// KEY= of every setting.
    static let settings = CompletionKind.custom { _, _, beginning in
        Configuration.knownKeys.map { $0 + "=" }.filter { $0.hasPrefix(beginning) }
    }

    /// Folders that complete what was typed. bash itself adds the slash to a folder's name.
    private static func folders(_ beginning: String) -> [String] {
        let parent = beginning.contains("/") ? String(beginning[...(beginning.lastIndex(of: "/") ?? beginning.startIndex)]) : ""
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.isEmpty ? "." : parent)) ?? []
        return names.filter { !$0.hasPrefix(".") }.map { parent + $0 }.filter { path in
            var isFolder: ObjCBool = false
            return path.hasPrefix(beginning) && FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && isFolder.boolValue && (!beginning.isEmpty || RunFolder.exists(path + "/config.yaml"))
        }.map { CompletionShell.requesting == .bash ? $0 : $0 + "/" }
    }
}
