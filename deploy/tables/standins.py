"""Files in the shape of SVHN's and TFD's, with noise for images. Recipes can be tried on them without the data; nothing can be learnt from them."""

from __future__ import annotations

import pathlib
import random
import struct

INT8, UINT8, INT32, UINT32, MATRIX = 1, 2, 5, 6, 14
CLASSES = {INT8: 8, UINT8: 9}


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def array(name: str, dimensions: tuple[int, ...], content: bytes, kind: int = UINT8) -> bytes:
    """A MAT 5 array of bytes, the first dimension running fastest (MAT-File Format, The MathWorks, 2.3)."""
    return element(MATRIX, b"".join((
        element(UINT32, struct.pack("<II", CLASSES[kind], 0)), element(INT32, struct.pack(f"<{len(dimensions)}i", *dimensions)),
        element(INT8, name.encode()), element(kind, content))))


def write(path: pathlib.Path, *arrays: bytes) -> None:
    header = b"MATLAB 5.0 MAT-file, noise in the shape of a data set".ljust(116) + bytes(8) + struct.pack("<HH", 0x0100, 0x4D49)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with open(fresh, "wb") as file:
        file.write(header)
        for one in arrays:
            file.write(one)
    fresh.replace(path)


def svhn(folder: pathlib.Path, train: int = 73_257, test: int = 26_032) -> None:
    generator = random.Random(0)
    for name, count in (("train", train), ("test", test)):
        path = folder / "svhn" / f"{name}_32x32.mat"
        if not path.exists():
            labels = bytes(generator.choice(range(1, 11)) for _ in range(count))
            write(path, array("X", (32, 32, 3, count), generator.randbytes(32 * 32 * 3 * count)), array("y", (count, 1), labels))


def tfd(folder: pathlib.Path, count: int = 102_236, labelled: int = 4_178) -> None:
    """In each of the five folds, a tenth of the labelled images is for validation and a tenth for test."""
    path = folder / "tfd" / "TFD_48x48.mat"
    if path.exists():
        return
    generator = random.Random(0)
    labels = bytes(generator.choice(range(1, 8)) if index < labelled else 255 for index in range(count))
    roles = [generator.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 3)) if index < labelled else 0 for index in range(count)]
    write(
        path, array("images", (count, 48, 48), generator.randbytes(48 * 48 * count)), array("labs_ex", (count, 1), labels, INT8),
        array("labs_id", (count, 1), bytes(count)), array("folds", (count, 5), bytes(roles) * 5))
