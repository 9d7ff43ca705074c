import Wire

/// Where frames end in the bytes of a control or gradient connection.
enum FrameBoundary {
    /// How many bytes the whole frames take with which the data begins; 0 where it begins inside a frame.
    static func wholeFrames(in data: UnsafeRawBufferPointer) -> Int {
        var end = 0
        while let length = frameLength(UnsafeRawBufferPointer(rebasing: data[end...])), length <= data.count - end { end += length }
        return end
    }

    /// Length of the frame with which the data begins, including header and tables.
    private static func frameLength(_ data: UnsafeRawBufferPointer) -> Int? {
        func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Int {
            Int(Number(littleEndian: data.loadUnaligned(fromByteOffset: offset, as: Number.self)))
        }
        if data.count >= ControlFrame.headerBytes, data.starts(with: "LKST".utf8) {
            return ControlFrame.headerBytes + number(28, UInt32.self)
        }
        if data.count >= GradientFrameHeader.fixedBytes, data.starts(with: "LKSG".utf8) {
            let tables = 4 * number(6, UInt16.self) + 16 * number(40, UInt16.self)
            return GradientFrameHeader.fixedBytes + tables + number(48, UInt32.self)
        }
        return nil
    }
}
