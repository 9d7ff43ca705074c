import Foundation
import Testing

/// A target imports what the manifest declares for it. The compiler refuses what has not been built before a target; what its dependencies
/// depend on has been, and would get through.
@Suite struct ImportTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// Of the toolchain.
    private static let system: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Synchronization", "Testing",
    ]

    /// What each target of the manifest declares, by its name: targets, and products of packages, which are called like their modules.
    private static func declared() throws -> [String: Set<String>] {
        let manifest = try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
        var targets: [String: Set<String>] = [:]
        for part in manifest.split(separator: /\.(?:target|executableTarget|testTarget)\(/).dropFirst() {
            guard let name = part.firstMatch(of: /name:\s*"(\w+)"/)?.1 else { continue }
            let list = part.firstMatch(of: /dependencies:\s*\[(?s:(.*?))\]/)?.1 ?? ""
            let products = list.matches(of: /\.product\(name:\s*"(\w+)"/).map { String($0.1) }
            let plain = list.replacing(/\.product\([^)]*\)/, with: "").matches(of: /"(\w+)"/).map { String($0.1) }
            targets[String(name)] = Set(products + plain)
        }
        return targets
    }

    /// The modules that the Swift files of a folder import, with one file of each.
    private static func imports(in folder: URL) throws -> [String: String] {
        var found: [String: String] = [:]
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.matches(
                of: /(?m)^\s*(?:@\w+\s+)*(?:public |package |internal )?import (?:struct |class |enum |func |protocol )?(\w+)/)
            {
                found[String(line.1)] = file.lastPathComponent
            }
        }
        return found
    }

    @Test("every module that a target's files import is declared for it in Package.swift")
    func declaredImports() throws {
        let declared = try Self.declared()
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path())
        var seen = 0
        for name in folders {
            guard let dependencies = declared[name] else { continue }
            let imports = try Self.imports(in: Self.root.appending(path: "Sources/\(name)"))
            seen += imports.count
            for (module, file) in imports where !Self.system.contains(module) && !dependencies.contains(module) {
                Issue.record("Sources/\(name)/…/\(file) imports \(module), which Package.swift does not declare for \(name)")
            }
        }
        #expect(seen > 100, "imports were found")
    }

    @Test("the membership knows no socket, no thread, no clock and no run folder, and the simulation no process")
    func arrows() throws {
        let declared = try Self.declared()
        #expect(declared["Membership"] == ["Wire", "Kernels", "SwiftProtobuf"])
        let simulation = try #require(declared["Simulation"])
        #expect(
            simulation.isDisjoint(with: [
                "Control", "Coordinator", "Worker", "Processes", "Runs", "NIOCore", "NIOPosix", "CProcess",
            ]))
        let learning = try ["Layers", "Autoencoder", "Evaluation", "Datasets"].map { try #require(declared[$0]) }
        for dependencies in learning {
            #expect(dependencies.isDisjoint(with: ["Wire", "Collectives", "Runs", "Membership", "NIOCore"]))
        }
    }
}
