"""Writes MATFixtures.swift: small files in the manner of SVHN and TFD, by SciPy (MAT 5) and h5py (MAT 7.3).

    python3 Tests/DatasetsTests/matlab.py     (needs numpy, scipy and h5py)

Pixels are those of `pixel`, which the tests compute again; so no other reader is needed to judge what is read. Some of the files are the corpus of
the fuzz target `mat` too.
"""
import base64, io, pathlib, tempfile, textwrap
import h5py
import numpy as np
import scipy.io

here = pathlib.Path(__file__).parent
corpus = here.parent / "Fuzz" / "Corpus" / "mat"


def pixel(row, column, channel, image):
    return (5 * row + 3 * column + 50 * channel + 11 * image) % 256


def svhn(count, first):
    """(32, 32, 3, count), image `first` and those behind it."""
    return np.fromfunction(lambda r, c, h, i: pixel(r, c, h, i + first), (32, 32, 3, count), dtype=int).astype(np.uint8)


def tfd(count):
    """(count, 48, 48)."""
    return np.fromfunction(lambda i, r, c: pixel(r, c, 0, i), (count, 48, 48), dtype=int).astype(np.uint8)


def mat5(arrays, **options):
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays, **options)
    content = bytearray(stream.getvalue())
    # The text of the header carries the time of day.
    if options.get("format") != "4":
        content[:116] = b"MATLAB 5.0 MAT-file, for tests".ljust(116)
    return bytes(content)


def mat73(arrays, **options):
    """As MATLAB writes it with -v7.3: HDF5 behind 512 bytes with its own header, axes reversed, the class as an attribute."""
    names = {"uint8": b"uint8", "int8": b"int8", "float64": b"double"}
    with tempfile.NamedTemporaryFile(suffix=".mat") as file:
        with h5py.File(file.name, "w", userblock_size=512) as archive:
            for name, array in arrays.items():
                if options.get("chunks"):
                    options["chunks"] = array.T.shape
                data = archive.create_dataset(name, data=array.T, track_times=False, **options)
                kind = names[str(array.dtype)]
                # Ended by a zero, as MATLAB has it: libmatio drops the last letter of NumPy's own.
                text = h5py.h5t.C_S1.copy()
                text.set_size(len(kind))
                text.set_strpad(h5py.h5t.STR_NULLTERM)
                attribute = h5py.h5a.create(data.id, b"MATLAB_class", text, h5py.h5s.create(h5py.h5s.SCALAR))
                attribute.write(np.array(kind), mtype=text)
        with open(file.name, "r+b") as head:
            head.write(b"MATLAB 7.3 MAT-file, for tests".ljust(116) + b" " * 8 + b"\x00\x02IM")
        return pathlib.Path(file.name).read_bytes()


def column(*values, of=np.uint8):
    return np.array(values, dtype=of)[:, None]


# Of ten faces 3 are unlabelled; the columns of the others differ from fold to fold.
faces = tfd(10)
expressions = column(-1, 1, 2, 3, 4, 5, 6, 7, -1, -1, of=np.int8)
persons = column(*range(1, 11))
folds = np.array([[0 if e < 0 else 1 + (i + f) % 3 for f in range(5)] for i, e in enumerate(expressions[:, 0])], dtype=np.uint8)
labels = column(10, 1, 2, 3, 4, 5)
packed = {"chunks": True, "compression": "gzip", "compression_opts": 9}

files = {
    # The labels as MATLAB has them by default, doubles.
    "svhnTrain": mat5({"X": svhn(6, 0), "y": labels.astype(float)}, do_compression=True),
    "svhnTest": mat5({"X": svhn(2, 6), "y": column(9, 10)}, do_compression=True),
    "svhnExtra": mat73({"X": svhn(3, 8), "y": column(7, 8, 10, of=float)}, **packed),
    "tfd": mat5({"images": faces, "labs_ex": expressions, "labs_id": persons, "folds": folds}, do_compression=True),
    "tfd73": mat73({"images": faces, "labs_ex": expressions, "labs_id": persons, "folds": folds.astype(float)}, **packed),
    "doubles": mat5({"X": svhn(1, 0).astype(float), "y": labels[:1]}, do_compression=True),
    "withStruct": mat5({"more": {"a": 1}, "X": svhn(1, 0), "y": labels[:1]}, do_compression=True),
    "wrongLabel": mat5({"X": svhn(2, 0), "y": column(10, 11)}, do_compression=True),
    "fewLabels": mat5({"X": svhn(2, 0), "y": column(10)}, do_compression=True),
    "wrongFold": mat5({"images": faces, "labs_ex": expressions, "folds": folds + 1}, do_compression=True),
    "unknownFace": mat5({"images": faces, "labs_ex": -abs(expressions) // 8, "folds": folds}, do_compression=True),
    "small73": mat73({"y": column(7, 8, 10, of=float)}),
    "level4": mat5({"y": labels}, format="4"),
}


def literal(name, content):
    lines = textwrap.wrap(base64.b64encode(content).decode(), 120)
    return f'    static let {name} = """\n' + "".join(f"        {line}\\\n" for line in lines[:-1]) + f'        {lines[-1]}\n        """\n'


if __name__ == "__main__":
    text = "/// Files of MATLAB's formats, in base64: written by matlab.py, which says what is in them.\nenum MATFixtures {\n"
    (here / "MATFixtures.swift").write_text(text + "\n".join(literal(*entry) for entry in files.items()) + "}\n")
    corpus.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        print(name, len(content))
    for name, file in [("svhn", "svhnTrain"), ("faces", "tfd"), ("with-struct", "withStruct"), ("level-7.3", "small73")]:
        (corpus / f"made-{name}").write_bytes(files[file])
