#!/usr/bin/env python3
"""Makes EmbeddedFont.swift: the characters that the figures may write, cut out of DejaVu Sans, as base64 in a Swift source.

    pip install fonttools
    ./subset.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf > EmbeddedFont.swift

What is left: printable ASCII, Latin-1 and a few signs; outlines, widths and the plain kerning table. No hints, since the figures draw outlines
as they are, and no layout features, since no text of theirs asks for one. The licence of the face, LICENSE-DejaVu.txt, stands beside this file.
"""
import base64
import io
import sys

from fontTools import subset

ASCII = range(0x20, 0x7F)
LATIN_1 = range(0xA0, 0x100)
SIGNS = [0x2013, 0x2014, 0x2026, 0x2192, 0x2212, 0x2264, 0x2265]  # – — … → − ≤ ≥

options = subset.Options()
options.hinting = False
options.layout_features = []
options.legacy_kern = True
options.notdef_outline = True
options.name_IDs = [1, 2]
options.drop_tables += ["GPOS", "GSUB", "GDEF", "FFTM", "MATH", "gasp"]
options.recalc_timestamp = False
font = subset.load_font(sys.argv[1], options)
cut = subset.Subsetter(options)
cut.populate(unicodes=[*ASCII, *LATIN_1, *SIGNS])
cut.subset(font)
packed = io.BytesIO()
font.save(packed)

text = base64.b64encode(packed.getvalue()).decode()
lines = [text[at:at + 120] for at in range(0, len(text), 120)]
print("/// The face of the figures' letters: a part of DejaVu Sans, made by `subset.py` beside this file; its licence is LICENSE-DejaVu.txt.")
print("enum EmbeddedFont {")
print(f"    /// Bytes of the TrueType file.")
print(f"    static let count = {len(packed.getvalue())}")
print()
print("    /// The TrueType file as base64, in lines.")
print('    static let base64 = """')
for line in lines:
    print("        " + line)
print('        """')
print("}")
