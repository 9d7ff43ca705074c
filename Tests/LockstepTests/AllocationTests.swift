import Foundation
import TestSupport
import Testing

/// Counts the allocations of a worker's threads in a step, after a warm-up: the count must not grow unnoticed. Most of those left on the
/// engine's thread are for a step's incoming images and for its reports.
@Suite("Allocations", .serialized)
struct AllocationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// How often, at the most, in a step of three phases.
    private static let limits = [
        "ring": ["engine": 110.0, "ring-write": 1.5, "ring-read": 8],
        "server": ["engine": 110.0, "push-write": 3.5, "pull-read": 3.5],
    ]

    @Test("A step takes no more memory anew than it did", arguments: ["ring", "server"], ["off", "entropy"])
    func step(topology: String, compression: String) throws {
        let scratch = Scratch()
        let counter = scratch.file("counter.so")
        try Self.build(counter)
        let options = ["--topology", topology, "--compression", compression]
        let (few, many) = (60, 260)
        let first = try Self.counts(scratch, options, steps: few, counter)
        let second = try Self.counts(scratch, options, steps: many, counter)
        for (thread, limit) in Self.limits[topology]! {
            let workers = try #require(second[thread], "no thread \(thread) in \(second)")
            let before = try #require(first[thread])
            #expect(workers.count == 2 && before.count == 2)
            let each = Double(workers.reduce(0, +) - before.reduce(0, +)) / Double(2 * (many - few))
            #expect(each <= limit, "\(thread): \(each) a step")
        }
    }

    /// With the compiler that the toolchain of these tests has.
    private static func build(_ library: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "clang", "-O1", "-shared", "-fPIC", root.appending(path: "Allocations/counter.c").path(), "-o", library,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "clang, which is part of the Swift toolchain, is not on the PATH")
    }

    /// By thread name, the count of each worker's thread.
    private static func counts(
        _ scratch: Scratch, _ options: [String], steps: Int, _ counter: String
    ) throws -> [String: [Int]] {
        let folder = scratch.file("counts-\(steps)")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let result = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + options
                + [
                    "--workers", "2", "--threads", "1", "--steps", "\(steps)", "--run", scratch.file("run-\(steps)"),
                    "--set", "evaluate.every_epochs=0", "--set", "figures.every_epochs=0", "--set", "checkpoint.every_epochs=0",
                    "--set", "checkpoint.every_seconds=0",
                ],
            environment: ["LD_PRELOAD": counter, "ALLOCATIONS": folder])
        try #require(result.status == 0, "\(result.errors)")
        var counts: [String: [Int]] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            var own: [String: Int] = [:]
            for line in text.split(separator: "\n") {
                guard let space = line.lastIndex(of: " "), let count = Int(line[line.index(after: space)...]) else { continue }
                own[String(line[..<space]), default: 0] += count
            }
            // Of the workers' processes alone.
            guard own["ring-write"] != nil || own["push-write"] != nil else { continue }
            for (name, count) in own { counts[name, default: []].append(count) }
        }
        return counts
    }
}
