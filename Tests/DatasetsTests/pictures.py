"""Writes PictureFixtures.swift: small PNG and JPEG files by Pillow, and an interlaced PNG by hand, which Pillow does not write.

    python3 Tests/DatasetsTests/pictures.py     (needs numpy and Pillow)

Pixels of the PNGs are those of `value`, which the tests compute again; of the JPEGs the tests have what Pillow reads. The files are the corpus of the
fuzz targets `png` and `jpeg` too.
"""
import base64, io, pathlib, struct, textwrap, zlib
import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
corpus = here.parent / "Fuzz" / "Corpus"
HEIGHT, WIDTH = 4, 3

grey = np.fromfunction(lambda r, c: (40 * r + 70 * c) % 256, (HEIGHT, WIDTH), dtype=int).astype(np.uint8)
colour = np.stack([grey, 255 - grey, grey // 2], axis=-1)
alpha = np.fromfunction(lambda r, c: (85 * (r + c)) % 256, (HEIGHT, WIDTH), dtype=int).astype(np.uint8)
ramp = np.fromfunction(lambda r, c: 10 * r + 12 * c, (12, 10), dtype=int).astype(np.uint8)
ramps = np.stack([ramp, 255 - ramp, ramp[::-1]], axis=-1)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def interlaced(image):
    """Adam7, grey of 8 bits."""
    rows = b""
    for top, left, down, right in [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]:
        part = image[top::down, left::right]
        rows += b"".join(b"\0" + row.tobytes() for row in part if row.size)
    head = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


pngs = {
    "grey": saved(Image.fromarray(grey), "PNG"),
    "colour": saved(Image.fromarray(colour), "PNG"),
    "greyAlpha": saved(Image.fromarray(np.dstack([grey, alpha]), "LA"), "PNG"),
    "colourAlpha": saved(Image.fromarray(np.dstack([colour, alpha]), "RGBA"), "PNG"),
    "palette": saved(Image.fromarray(colour).quantize(HEIGHT * WIDTH), "PNG"),
    "bits": saved(Image.fromarray(grey >= 128), "PNG"),
    "wide": saved(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"),
    "interlaced": interlaced(grey),
}
jpegs = {
    "greyJPEG": saved(Image.fromarray(ramp), "JPEG", quality=90),
    "colourJPEG": saved(Image.fromarray(ramps), "JPEG", quality=90),
    "progressiveJPEG": saved(Image.fromarray(ramps), "JPEG", quality=90, progressive=True),
}
printer = saved(Image.fromarray(ramps).convert("CMYK"), "JPEG", quality=30)


def literal(name, content):
    lines = textwrap.wrap(base64.b64encode(content).decode(), 120)
    return f'    static let {name} = """\n' + "".join(f"        {line}\\\n" for line in lines[:-1]) + f'        {lines[-1]}\n        """\n'


if __name__ == "__main__":
    entries = list(pngs.items()) + list(jpegs.items()) + [("printerJPEG", printer)]
    # What Pillow reads of the JPEGs.
    entries += [(f"{name}Pixels", np.array(Image.open(io.BytesIO(content))).tobytes()) for name, content in jpegs.items()]
    text = "/// Pictures, in base64: written by pictures.py, which says what is in them.\nenum PictureFixtures {\n"
    (here / "PictureFixtures.swift").write_text(text + "\n".join(literal(*entry) for entry in entries) + "}\n")
    for target, files in [("png", pngs), ("jpeg", dict(jpegs, printerJPEG=printer))]:
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            print(target, name, len(content))
            (corpus / target / f"made-{name}").write_bytes(content)
