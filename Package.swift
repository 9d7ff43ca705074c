// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "lockstep",
    products: [.executable(name: "lockstep", targets: ["lockstep"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // Ground: system libraries, every wait, the few C loops, the arithmetic.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMatio", pkgConfig: "matio", providers: [.apt(["libmatio-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
        .systemLibrary(name: "CFreeType", pkgConfig: "freetype2", providers: [.apt(["libfreetype-dev"])]),
        .target(name: "Waiting", dependencies: [.product(name: "DequeModule", package: "swift-collections")]),
        .target(name: "Files", dependencies: ["Waiting"]),
        .target(name: "CKernels"),
        // libmatio's own process. No Swift imports the library, so its name does not come from a module map.
        .target(name: "CMatioReader", dependencies: ["CMatio"], linkerSettings: [.linkedLibrary("matio")]),
        .target(name: "CPictures", dependencies: ["CJPEG", "CPNG"]),
        .target(name: "Kernels", dependencies: ["CKernels", "COpenBLAS", "Files", "Waiting"]),

        // Learning: knows no network and no async.
        .target(
            name: "Datasets",
            dependencies: [
                "Kernels", "Files", "Waiting", "CMatioReader", "CPictures", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "Layers", dependencies: ["Kernels"]),
        .target(
            name: "Autoencoder",
            dependencies: ["Kernels", "Layers", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Evaluation", dependencies: ["Kernels", "Layers", "Autoencoder"]),

        // Network: knows no model, only ranges of numbers and bytes.
        .target(
            name: "Wire",
            dependencies: [
                "Kernels", "CKernels", "CZstd",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Messages.proto"]),
        .target(
            name: "Collectives",
            dependencies: ["Wire", "Kernels", "Waiting", .product(name: "DequeModule", package: "swift-collections")]),

        // Pictures, which know no runs.
        .target(
            name: "Figures", dependencies: ["Files", "CFreeType", "CPNG"],
            exclude: ["Lettering/LICENSE-DejaVu.txt", "Lettering/subset.py"]),

        // Run: what is on the disk and on the terminal.
        .target(
            name: "Runs",
            dependencies: [
                "Figures", "Kernels", "Files", "Waiting", "Datasets", "Layers", "Autoencoder", "Evaluation",
                .product(name: "Yams", package: "Yams"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Export/ONNX.proto"]),

        // Protocol: who takes part, as values; no clock, no socket, no thread.
        .target(name: "Membership", dependencies: ["Wire", "Kernels", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
        .target(
            name: "Simulation",
            dependencies: [
                "Membership", "Collectives", "Wire", "Kernels", "Waiting",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),

        // Process: what runs the cores, and what runs that.
        .target(name: "CProcess"),
        .target(
            name: "Processes",
            dependencies: [
                "CProcess", "Membership", "Runs", "Wire", "Autoencoder", "Kernels", "Files", "Waiting",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Control",
            dependencies: [
                "Processes", "Collectives", "Wire", "Runs", "Autoencoder", "Kernels", "Files", "Waiting",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .target(
            name: "Summation",
            dependencies: [
                "Control", "Membership", "Collectives", "Wire", "Runs", "Waiting",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .target(
            name: "Coordinator",
            dependencies: [
                "Summation", "Control", "Processes", "Membership", "Collectives", "Wire", "Runs", "Evaluation", "Autoencoder",
                "Datasets", "Layers",
                "Kernels", "Files", "Waiting",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .target(
            name: "Worker",
            dependencies: [
                "Control", "Processes", "Membership", "Collectives", "Wire", "Runs", "Autoencoder", "Layers", "Kernels", "Waiting",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .target(name: "Planning", dependencies: ["Worker", "Collectives", "Wire", "Runs", "Autoencoder", "Kernels", "Waiting"]),
        .target(
            name: "Launch",
            dependencies: ["Control", "Processes", "Collectives", "Wire", "Runs", "Autoencoder", "Kernels", "Files", "Waiting"]),
        .target(
            name: "Chaos",
            dependencies: ["CProcess", "Processes", "Collectives", "Wire", "Runs", "Autoencoder", "Kernels", "Files", "Waiting"]),
        .executableTarget(
            name: "lockstep",
            dependencies: [
                "Chaos", "Launch", "Planning", "Worker", "Coordinator", "Summation", "Control", "Processes", "Simulation",
                "Membership",
                "Collectives", "Wire", "Figures", "Runs", "Evaluation", "Autoencoder", "Datasets", "Layers", "Kernels", "Files",
                "Waiting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .target(name: "TestSupport", dependencies: ["Autoencoder", "Layers", "Kernels"], path: "Tests/Support"),
        .testTarget(name: "WaitingTests", dependencies: ["Files", "Waiting"]),
        .testTarget(name: "FilesTests", dependencies: ["TestSupport", "Files", "Waiting"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
        .testTarget(
            name: "DatasetsTests", dependencies: ["TestSupport", "Datasets", "Files"],
            exclude: ["colour_glyphs.py", "glyphs.py", "matlab.py", "pictures.py"]),
        .testTarget(name: "LayersTests", dependencies: ["Layers"]),
        .testTarget(name: "AutoencoderTests", dependencies: ["Autoencoder"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"]),
        .testTarget(name: "WireTests", dependencies: ["Kernels", "Wire"]),
        .testTarget(name: "CollectivesTests", dependencies: ["Collectives", "Wire", "Kernels"]),
        .testTarget(
            name: "RunsTests",
            dependencies: [
                "TestSupport",
                "Figures", "Files", "Runs", "Evaluation", "Autoencoder", "Datasets", "Layers", "Kernels",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        .testTarget(name: "MembershipTests", dependencies: ["Membership", "Wire", "Kernels"]),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation", "Kernels"]),
        .testTarget(name: "ProcessesTests", dependencies: ["TestSupport", "Processes", "Runs", "Autoencoder", "Kernels"]),
        .testTarget(
            name: "ControlTests",
            dependencies: ["TestSupport", "Control", "Wire", "Runs", "Autoencoder", "Layers", "Kernels", "Waiting"]),
        .testTarget(
            name: "CoordinatorTests",
            dependencies: ["TestSupport", "Coordinator", "Worker", "Membership", "Wire", "Runs", "Autoencoder", "Waiting"]),
        .testTarget(
            name: "WorkerTests",
            dependencies: ["TestSupport", "Worker", "Collectives", "Wire", "Autoencoder", "Layers", "Kernels", "Waiting"]),
        .testTarget(
            name: "PlanningTests", dependencies: ["TestSupport", "Planning", "Collectives", "Wire", "Autoencoder", "Kernels"]),
        .testTarget(name: "LaunchTests", dependencies: ["Launch", "Processes", "Runs"]),
        .testTarget(name: "ChaosTests", dependencies: ["Chaos", "Processes", "Waiting"]),
        // One list of parsers under fuzzing: `make test` replays its corpus, `make fuzz` builds the driver with libFuzzer.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Launch", "Coordinator", "Control", "Processes", "Membership", "Runs", "Autoencoder", "Collectives", "Wire",
                "Datasets", "Kernels",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: "Tests/Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "Kernels"]),
        .testTarget(
            name: "LockstepTests", dependencies: ["TestSupport", "lockstep", "Wire", "Runs", "Files", "Datasets", "Kernels"]),
    ],
    swiftLanguageModes: [.v6]
)

// No file leans on what its neighbours import.
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("MemberImportVisibility")]
}

// The driver gets its `main` from libFuzzer, so it links in the build that `Tests/Fuzz/run.sh` makes and in no other.
if Context.environment["FUZZING"] != nil {
    // One file alone would be taken for a script, which has a `main`.
    let asLibrary = SwiftSetting.unsafeFlags(["-parse-as-library"])
    package.targets.append(
        .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver", swiftSettings: [asLibrary]))
}
