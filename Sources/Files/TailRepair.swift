import Foundation

/// Opens a file of lines to append to it. An incomplete last line, left by a process that was killed, is cut off first.
package enum TailRepair {
    package static func openForAppending(_ path: String, disk: Disk) throws -> WritableFile {
        let file = try disk.append(to: path)
        let source = try ByteSource(path: path)
        var end = source.count
        let pieceBytes = 65_536
        while end > 0 {
            let start = max(0, end - pieceBytes)
            let piece = try source.read(start..<end)
            if let newline = piece.lastIndex(of: UInt8(ascii: "\n")) {
                end = start + newline + 1
                break
            }
            end = start
        }
        if end < source.count { try disk.truncate(file, to: end) }
        return file
    }
}
