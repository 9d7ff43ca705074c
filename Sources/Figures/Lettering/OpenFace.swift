import CFreeType

/// The embedded face at one size, opened by FreeType; its objects live as long as it does.
///
/// Outlines are drawn without hinting: their pixels then depend only on the outline, the size and the position.
struct OpenFace: ~Copyable {
    private let file: UnsafeMutableBufferPointer<UInt8>
    private let library: FT_Library
    private let face: FT_Face

    /// - Parameter pixels: length of the em.
    init(_ bytes: [UInt8], pixels: Int) {
        file = .allocate(capacity: bytes.count)
        _ = file.initialize(from: bytes)
        var library: FT_Library?
        OpenFace.check(FT_Init_FreeType(&library), "begin")
        var face: FT_Face?
        OpenFace.check(FT_New_Memory_Face(library, file.baseAddress, FT_Long(file.count), 0, &face), "open the face")
        guard let library, let face else { preconditionFailure("FreeType opened nothing") }
        OpenFace.check(FT_Set_Pixel_Sizes(face, 0, FT_UInt(pixels)), "take \(pixels) pixels")
        self.library = library
        self.face = face
    }

    deinit {
        FT_Done_Face(face)
        FT_Done_FreeType(library)
        file.deallocate()
    }

    /// The characters that the face has.
    func characters() -> [Character] {
        var characters: [Character] = []
        var index: FT_UInt = 0
        var code = FT_Get_First_Char(face, &index)
        while index != 0 {
            if let scalar = Unicode.Scalar(UInt32(code)) { characters.append(Character(scalar)) }
            code = FT_Get_Next_Char(face, code, &index)
        }
        return characters
    }

    /// Pixels from one glyph to the next, not rounded.
    func advance(of character: Character) -> Double {
        load(character)
        return Double(face.pointee.glyph.pointee.linearHoriAdvance) / 65_536
    }

    /// How far the second character moves towards the first (negative) or away from it, in pixels, not rounded.
    func kerning(_ first: Character, _ second: Character) -> Double {
        var distance = FT_Vector()
        OpenFace.check(
            FT_Get_Kerning(face, glyph(of: first), glyph(of: second), FT_UInt(FT_KERNING_UNFITTED.rawValue), &distance), "kern")
        return Double(distance.x) / 64
    }

    /// The glyph's pixels where its origin stands `fraction` of a pixel to the right of a whole one.
    func mask(of character: Character, fraction: Double) -> LetterMask {
        load(character)
        guard let slot = face.pointee.glyph else { preconditionFailure("FreeType loaded nothing") }
        FT_Outline_Translate(&slot.pointee.outline, FT_Pos((fraction * 64).rounded()), 0)
        OpenFace.check(FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL), "render \(character)")
        let bitmap = slot.pointee.bitmap
        let (width, height) = (Int(bitmap.width), Int(bitmap.rows))
        var mask = LetterMask(left: Int(slot.pointee.bitmap_left), top: -Int(slot.pointee.bitmap_top), width: width, height: height)
        if let buffer = bitmap.buffer {
            for row in 0..<height {
                for column in 0..<width {
                    mask.coverage[row * width + column] = buffer[row * Int(bitmap.pitch) + column]
                }
            }
        }
        return mask
    }

    private func load(_ character: Character) {
        let flags = FT_Int32(FT_LOAD_NO_HINTING) | FT_Int32(FT_LOAD_NO_BITMAP)
        OpenFace.check(FT_Load_Glyph(face, glyph(of: character), flags), "load \(character)")
    }

    private func glyph(of character: Character) -> FT_UInt {
        FT_Get_Char_Index(face, FT_ULong(character.unicodeScalars.first?.value ?? 0))
    }

    /// The face is part of the program: where FreeType refuses it, the program is broken.
    private static func check(_ error: FT_Error, _ what: String) {
        precondition(error == 0, "FreeType cannot \(what): error \(error)")
    }
}
