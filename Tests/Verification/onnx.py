#!/usr/bin/env python3
"""Trains a small model of every variant for some steps on random images, exports it, and lets ONNX Runtime compute codes, labels, posteriors,
representations and images: each must be what `lockstep encode` and `lockstep decode` write, to 1e-5. Prints a line for each model, and exits
with 1 if one differs. About a minute.

Usage: Tests/Verification/onnx.py [path of lockstep]; needs onnx, onnxruntime and numpy.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # This file has the name of the package.
import numpy as np
import onnx
import onnxruntime

LIMIT = 1e-5
SEED = 7
SIDE = 12
BATCH = ["norm.encoder=batch", "norm.heads=batch", "norm.decoder=batch"]
SHARD = ["norm.encoder=shard", "norm.heads=shard", "norm.decoder=shard"]
GAUSSIAN = ["posterior.kind=gaussian"]
UNIVERSAL = ["posterior.kind=universal", "posterior.width=20", "posterior.std=0.5"]
MODELS = [
    ("basic", []),
    ("basic", GAUSSIAN + BATCH + ["dropout.hidden=0.2", "average=0.9"]),
    ("basic", UNIVERSAL + SHARD + ["model.output=linear"]),
    ("vae", ["cost=cross-entropy", "phases.reconstruction.rate=0.001"]),
    ("vae", ["cost=cross-entropy", "phases.reconstruction.rate=0.001"] + BATCH),
    ("gan", []),
    ("gan", ["norm.decoder=batch"]),
    ("label-informed", ["labels.count=100", "prior.kind=mixture"]),
    ("label-informed", ["labels.count=100", "prior.kind=swiss-roll"] + GAUSSIAN + BATCH),
    ("supervised", ["model.code=5"]),
    ("supervised", ["model.code=5"] + UNIVERSAL + BATCH),
    ("semi-supervised", ["labels.count=100", "model.code=5"]),
    ("semi-supervised", ["labels.count=100", "model.code=5"] + GAUSSIAN + BATCH),
    ("clustering", ["model.clusters=16"]),
    ("clustering", ["model.clusters=7"] + UNIVERSAL + SHARD),
    ("reduction", ["labels.count=100"]),
    ("reduction", ["model.clusters=20"] + GAUSSIAN + BATCH),
]
RATES = {"reconstruction": 0.003, "discriminator": 0.05, "generator": 0.05, "classification": 0.02}


def phases(variant, settings):
    if variant == "vae":
        return ["reconstruction"]
    if variant == "gan":
        return ["discriminator", "generator"]
    taught = variant == "semi-supervised" or variant == "reduction" and any(s.startswith("labels.") for s in settings)
    return ["reconstruction", "discriminator", "generator"] + (["classification"] if taught else [])


def philox(counter, key):
    """Philox 4x32-10 (Salmon et al. 2011) of many counters."""
    c = [np.asarray(part, np.uint64) for part in counter]
    k = list(key)
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def noise(rows, columns):
    """The noise by which `lockstep encode` samples posteriors: Box-Muller over Philox, by row and column, for purpose 13 and step 2^48 - 1."""
    blocks = (columns + 3) // 4
    number, row = np.meshgrid(np.arange(blocks), np.arange(rows))
    full = lambda value: np.full(number.shape, value)
    words = philox((number, row, full(0xFFFFFFFF), full(13 << 16 | 0xFFFF)), (SEED, 0))
    normals = []
    for first, second in ((words[0], words[1]), (words[2], words[3])):
        radius = np.sqrt(-2 * np.log(((first >> np.uint64(9)) + 0.5) * 2.0**-23))
        angle = second * (2 * np.pi / 2**32)
        normals += [radius * np.cos(angle), radius * np.sin(angle)]
    return np.stack(normals, -1).reshape(rows, -1)[:, :columns].astype(np.float32)


def apart(found, expected):
    """The largest difference, divided by the largest expected number where that is more than 1."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found.astype(np.float64) - expected).max() / max(1, np.abs(expected).max()))


class Check:
    def __init__(self, lockstep, place, images):
        self.lockstep, self.place, self.images = lockstep, place, images

    def command(self, *arguments):
        done = subprocess.run([self.lockstep, *map(str, arguments)], cwd=self.place, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"lockstep {arguments[0]} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1]}")

    def train(self, name, variant, settings):
        widths = ["model.decoder=[48,64]"]
        widths += [] if variant == "gan" else ["model.encoder=[64,48]"]
        widths += [] if variant == "vae" else ["model.discriminator=[40,32]"]
        rates = [f"phases.{phase}.rate={RATES[phase]}" for phase in phases(variant, settings)]
        always = ["data.set=npz", "data.file=images.npz", "data.train=400", "data.validation=100", "figures.every_epochs=0",
                  "evaluate.every_epochs=0", "model.initialisation=he"]
        sets = [part for setting in [f"variant={variant}"] + always + widths + rates + settings for part in ("--set", setting)]
        self.command("train", "--recipe", "quickstart", "--workers", 1, "--threads", 1, "--minibatch", 50, "--steps", 20,
                     "--seed", SEED, "--run", name, *sets)

    def session(self, path):
        model = onnx.load(self.place / path)
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self.place / path), options, providers=["CPUExecutionProvider"])

    def encoder(self, name):
        """Differences by output."""
        session = self.session(f"{name}-encoder.onnx")
        self.command("encode", name, "--split", "test", "--out", "codes.npy")
        given = {"image": self.images}
        for value in session.get_inputs():
            if value.name == "noise":
                given["noise"] = noise(len(self.images), value.shape[1])
        names = [value.name for value in session.get_outputs()]
        found = dict(zip(names, session.run(None, given)))
        files = {"code": "codes.npy", "label": "codes.y.npy", "representation": "codes.representations.npy"}
        differences = {key: apart(found[key], np.load(self.place / files[key])) for key in names if key in files}
        if "mean" in found:
            sample = found["mean"] + np.exp(found["log_variance"] / 2) * given["noise"]
            differences["posterior"] = apart(sample, found["code"])
        return differences

    def decoder(self, name):
        session = self.session(f"{name}-decoder.onnx")
        widths = {value.name: value.shape[1] for value in session.get_inputs()}
        draw = np.random.default_rng(3)
        given = {"code": draw.normal(size=(40, widths["code"])).astype(np.float32)}
        np.save(self.place / "codes.npy", given["code"])
        beside = []
        if "label" in widths:
            given["label"] = np.eye(widths["label"], dtype=np.float32)[draw.integers(widths["label"], size=40)]
            np.save(self.place / "y.npy", given["label"])
            beside = ["--y", "y.npy"]
        self.command("decode", name, "--codes", "codes.npy", *beside, "--out", "decoded.npy")
        return {"image": apart(session.run(None, given)[0], np.load(self.place / "decoded.npy"))}

    def model(self, name, variant, settings):
        self.train(name, variant, settings)
        self.command("export", name, "--onnx", f"{name}.onnx")
        return ({} if variant == "gan" else self.encoder(name)) | self.decoder(name)


def main():
    lockstep = Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release/lockstep").resolve()
    draw = np.random.default_rng(1)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        images = draw.integers(256, size=(650, SIDE, SIDE), dtype=np.uint8)
        labels = (np.arange(650) % 10).astype(np.uint8)
        np.savez(place / "images.npz", x_train=images[:500], y_train=labels[:500], x_test=images[500:], y_test=labels[500:])
        check = Check(lockstep, place, images[500:].reshape(150, -1).astype(np.float32) / 255)
        for number, (variant, settings) in enumerate(MODELS):
            try:
                differences = check.model(f"run{number}", variant, settings)
                wrong += any(not value <= LIMIT for value in differences.values())
                words = ", ".join(f"{name} {value:.1e}" for name, value in differences.items())
            except Exception as error:
                wrong += 1
                words = str(error).splitlines()[0]
            print(f"{variant}: {words}{'; ' if settings else ''}{' '.join(settings)}", flush=True)
    print(f"{len(MODELS) - wrong} of {len(MODELS)} agree")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
