import Autoencoder
import Files
import Foundation
import Kernels

/// A TensorBoard event file: scalars of the same figures as `metrics.jsonl`.
///
/// Each record is (tensorflow/core/lib/io/record_writer.h)
/// ```
/// u64 length | u32 masked CRC-32C of the length | data | u32 masked CRC-32C of the data      all little-endian
/// ```
/// and its data an `Event` message of tensorflow/core/util/event.proto, encoded by hand. A resumed run begins a new file, which says from which
/// step on the earlier files are superseded.
///
/// Nothing here throws: all of it stands in `metrics.jsonl` too, so no run ends for its sake. What the disk refuses waits (`RecordFile`), and
/// is dropped when it becomes too much.
public final class EventFileWriter: Sendable {
    /// Path of the file.
    public let path: String
    private let file: RecordFile

    /// Begins `events.out.tfevents.SECONDS.HOST` in a folder, with a number behind where that name is taken.
    ///
    /// - Parameters:
    ///   - step: steps done where the run goes on: readers drop the later steps that they have.
    ///   - notices: told when events cannot be written.
    public init(
        directory: String, resumingAt step: UInt64 = 0, host: String = Provenance.hostName(), time: Date = Date(),
        disk: Disk = Disk(), notices: DiskNotices = DiskNotices()
    ) {
        let safeHost = String(host.map { $0 == "/" ? "-" : $0 })
        let base = "\(directory)/events.out.tfevents.\(Int(time.timeIntervalSince1970)).\(safeHost)"
        var path = base
        var number = 1
        while FileManager.default.fileExists(atPath: path) {
            path = "\(base).\(number)"
            number += 1
        }
        self.path = path
        file = RecordFile(path: path, file: nil, patience: .drops, disk: disk, notices: notices)
        write(record: EventMessage.version(time: time.timeIntervalSince1970))
        if step > 0 { write(record: EventMessage.sessionStart(step: step + 1, time: time.timeIntervalSince1970)) }
    }

    /// Writes scalars of one step.
    public func scalars(step: UInt64, time: Date = Date(), _ values: [(tag: String, value: Float)]) {
        write(record: EventMessage.scalars(step: step, time: time.timeIntervalSince1970, values))
    }

    public func write(_ metrics: StepMetrics, time: Date = Date()) {
        var values = metrics.losses.map { (tag: "loss/\($0.name)", value: Float($0.value)) }
        values += metrics.losses.flatMap { loss in
            loss.terms.map { (tag: "loss/\(loss.name)/\($0.name)", value: Float($0.value)) }
        }
        values += metrics.rates.map { (tag: "rate/\($0.phase)", value: Float($0.value)) }
        if let pixelError = metrics.pixelError { values.append(("pixel_error", Float(pixelError))) }
        if let code = metrics.code { values += [("code/mean", Float(code.mean)), ("code/std", Float(code.std))] }
        if let error = metrics.error { values.append(("error", Float(error))) }
        values += [
            ("samples_per_second", Float(metrics.samplesPerSecond)),
            ("wire/sent", Float(metrics.wireSent)),
            ("wire/raw", Float(metrics.wireRaw)),
            ("milliseconds/compute", Float(metrics.compute)),
            ("milliseconds/pack", Float(metrics.pack)),
            ("milliseconds/wait", Float(metrics.wait)),
            ("milliseconds/update", Float(metrics.update)),
            ("milliseconds/images", Float(metrics.images)),
            ("workers", Float(metrics.workers)),
        ]
        scalars(step: metrics.step, time: time, values)
    }

    /// - Parameter step: steps done at the end of the epoch.
    public func write(_ metrics: EpochMetrics, step: UInt64, time: Date = Date()) {
        let values = metrics.scalars.map { (tag: "validation/\($0.path)", value: Float($0.value)) }
        scalars(step: step, time: time, values)
    }

    /// Puts the file on the device and closes it; where that fails the notices say so.
    public func close() { try? file.close() }

    private func write(record data: [UInt8]) {
        let length = EventMessage.littleEndian(UInt64(data.count))
        let frame = length + EventMessage.littleEndian(Self.masked(length)) + data + EventMessage.littleEndian(Self.masked(data))
        try? file.append(frame)  // it drops instead of throwing
    }

    /// The checksum as records carry it: rotated and offset, since a checksum over data that holds checksums is weak
    /// (tensorflow/core/lib/hash/crc32c.h).
    private static func masked(_ bytes: [UInt8]) -> UInt32 {
        let checksum = CRC32C.checksum(bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }
}

/// The few protobuf fields of an `Event` that scalars need.
private enum EventMessage {
    /// `wall_time` (1, double) and `file_version` (3, string): the first record of a file.
    static func version(time: Double) -> [UInt8] {
        double(field: 1, time) + bytes(field: 3, Array("brain.Event:2".utf8))
    }

    /// `wall_time` (1), `step` (2, int64) and `session_log` (7) with the `status` (1) START (1): in files of version 2 this makes a reader drop
    /// the steps from this one on (tensorboard/backend/event_processing/event_accumulator.py).
    static func sessionStart(step: UInt64, time: Double) -> [UInt8] {
        double(field: 1, time) + key(field: 2, wire: 0) + variable(step) + bytes(field: 7, key(field: 1, wire: 0) + variable(1))
    }

    /// `wall_time` (1), `step` (2, int64) and `summary` (5) with a `value` (1) each of `tag` (1, string) and `simple_value` (2, float).
    static func scalars(step: UInt64, time: Double, _ values: [(tag: String, value: Float)]) -> [UInt8] {
        let summary = values.flatMap { value in
            bytes(field: 1, bytes(field: 1, Array(value.tag.utf8)) + key(field: 2, wire: 5) + littleEndian(value.value.bitPattern))
        }
        return double(field: 1, time) + key(field: 2, wire: 0) + variable(step) + bytes(field: 5, summary)
    }

    static func littleEndian<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> [UInt8] {
        (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func key(field: UInt64, wire: UInt64) -> [UInt8] { variable(field << 3 | wire) }

    private static func double(field: UInt64, _ value: Double) -> [UInt8] {
        key(field: field, wire: 1) + littleEndian(value.bitPattern)
    }

    private static func bytes(field: UInt64, _ content: [UInt8]) -> [UInt8] {
        key(field: field, wire: 2) + variable(UInt64(content.count)) + content
    }

    /// Seven bits a byte, low ones first, the top bit set on all but the last.
    private static func variable(_ value: UInt64) -> [UInt8] {
        var rest = value
        var output: [UInt8] = []
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return output + [UInt8(rest)]
    }
}
