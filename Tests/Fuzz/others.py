"""Writes the part of the corpus that other programs make: arrays of NumPy, gzip, YAML as people write it.

    python3 Tests/Fuzz/others.py     (needs numpy; the program's own seeds come from SEEDS=1 Tests/Fuzz/run.sh all)
"""
import gzip, io, pathlib, struct
import numpy as np

here = pathlib.Path(__file__).parent / "Corpus"


def put(target, name, content):
    (here / target / f"made-{name}").write_bytes(content if isinstance(content, bytes) else content.encode())


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


images = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
labels = np.array([1, 0, 3, 2], dtype=np.int64)
for name, save, labels_of in [("stored", np.savez, labels), ("deflated", np.savez_compressed, labels.astype(np.uint8)[:, None])]:
    stream = io.BytesIO()
    save(stream, x_train=images, y_train=labels_of, x_test=images[:2], y_test=labels_of[:2])
    put("npz", name, stream.getvalue())
stream = io.BytesIO()
colour = images[..., None]
np.savez(stream, train_images=colour, train_labels=labels.astype(np.int32), test_images=colour, test_labels=labels.astype(np.int32))
put("npz", "colour", stream.getvalue())

put("npy", "version-1", npy(np.linspace(0, 1, 7)))
put("npy", "version-2", npy(np.arange(3, dtype=np.int32), version=(2, 0)))
put("npy", "version-3", npy(images, version=(3, 0)))

plain = struct.pack(">4I", 0x803, 2, 3, 3) + bytes(range(18))
put("idx-images", "gzip", gzip.compress(plain, mtime=0))
put("idx-images", "two-members", gzip.compress(plain[:20], mtime=0) + gzip.compress(plain[20:], 1, mtime=0))
put("idx-images", "packed-zeros", gzip.compress(struct.pack(">4I", 0x803, 100, 28, 28) + bytes(78400), mtime=0))
put("idx-labels", "gzip", b"\x03" + gzip.compress(struct.pack(">2I", 0x801, 3) + bytes([0, 9, 4]), mtime=0))

put("configuration", "by-hand", """# a recipe
name: mine
data: {set: mnist, train: 55_000, validation: 5000}
model:
  encoder: [ 500,500 ]
  code: 8
prior:
  kind: "swiss-roll"
phases: {reconstruction: &same {optimizer: adam, rate: 1.0e-3, schedule: {kind: cosine, to: 20, warm_up: .5}}, generator: *same}
checkpoint: {every_seconds: 5m}
""".replace('  kind: "swiss-roll"', "  std: 2.5"))
put("configuration", "files", 'data: {set: idx, images: "a b\\n\\u00e9.gz", labels: l, test_images: t, test_labels: u}\n')
put("configuration", "kinds", """prior: {kind: mixture, components: 10}
noise: {input: 0.3}
average: 0.999
gradient_bits: 24
kernel: haswell
steps: 100
seed: 18446744073709551615
cost: cross-entropy
""")
put("configuration", "samples", "data: {set: pictures, folder: cats}\nprior: {kind: samples, file: a b.npy, digest: " + "0a" * 32 + "}\n")
