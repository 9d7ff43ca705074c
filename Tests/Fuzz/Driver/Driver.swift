// What libFuzzer calls. The target is in the package only where FUZZING is set, since without libFuzzer nothing here has a `main`.
import Foundation
import FuzzTargets

/// The parser under test: LOCKSTEP_FUZZ_TARGET names it. A library's call-backs carry no state, so it is a global.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["LOCKSTEP_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTargets.named(name) else {
        let names = FuzzTargets.all.map(\.name).joined(separator: ", ")
        fatalError("LOCKSTEP_FUZZ_TARGET is \"\(name)\", expected one of \(names)")
    }
    return target
}()

/// Before the first input: today's seeds go to the folder LOCKSTEP_FUZZ_SEEDS, where one is named.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer) -> CInt {
    guard let folder = ProcessInfo.processInfo.environment["LOCKSTEP_FUZZ_SEEDS"] else { return 0 }
    do {
        for seed in try target.seeds() {
            try Data(seed.bytes).write(to: URL(fileURLWithPath: "\(folder)/written-\(seed.name)"))
        }
    } catch {
        fatalError("the seeds of \(target.name) cannot be written: \(error)")
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(Violation) {
        _ = try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}
