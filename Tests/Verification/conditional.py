#!/usr/bin/env python3
"""Checks whether samples of a class are images of that class, by a classifier that has never seen the model (figure 6 of the paper).

    python3 Tests/Verification/conditional.py RUN [--lockstep .build/release/lockstep] [--data DIR] [--count 1000]

Needs torch, numpy and pyyaml. RUN is the folder of a run whose `lockstep sample` takes --label K: supervised, semi-supervised, label-informed,
or a reduction with labels. A network of two hidden layers of 1000 ReLU with dropout learns the labels of all training images that the run's config.yaml names
(mnist, idx or npz: the digits of glyphs are drawn inside Lockstep, and no file has them) and is first asked about the test images, then about --count
samples of each class. Prints a row for each class and the means of both columns; exits with 1 if the classifier gives fewer than --least (0.95) of
the samples, or of the test images, their class. Seeds are fixed; about a minute on two threads.
"""
import argparse
import gzip
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
import yaml
from torch import nn
from torch.nn import functional

MNIST = {
    "images": "train-images-idx3-ubyte.gz", "labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz", "test_labels": "t10k-labels-idx1-ubyte.gz",
}


def fail(sentence):
    print(sentence, file=sys.stderr)
    sys.exit(2)


def found(path, kind, folders):
    """The file, plain or gzip-compressed, at its path, or under its name in one of the folders or their subfolder `kind`."""
    name = os.path.basename(path)
    places = [path] + [os.path.join(folder, *rest, name) for folder in folders for rest in ((), (kind,))]
    for place in places:
        for candidate in (place, place.removesuffix(".gz"), place + ".gz"):
            if os.path.isfile(candidate):
                return candidate
    fail(f"{name} is not in {' or '.join(os.path.dirname(place) or '.' for place in places)}; name its folder with --data DIR")


def idx(path):
    """A file of IDX bytes: two zeros, the type 8, the rank, big-endian sizes, values."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        content = file.read()
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        fail(f"{path} is no IDX file of bytes")
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(tuple(int(size) for size in shape))


def rows(images):
    """(N, pixels) from 0 to 1, in the order of the file."""
    images = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return torch.from_numpy(images.astype(np.float32) / 255)
    images = images.astype(np.float32)
    return torch.from_numpy(images / 255 if images.max() > 1 else images)


def sets(run, options):
    """The run's training and test images with their labels, read from files alone."""
    with open(os.path.join(run, "config.yaml")) as file:
        data = yaml.safe_load(file)["data"]
    folders = [folder for folder in (options.data, data.get("folder")) if folder]
    kind = data["set"]
    if kind in ("mnist", "idx"):
        names = {**(MNIST if kind == "mnist" else {}), **{key: data[key] for key in MNIST if key in data}}
        if missing := [key for key in MNIST if key not in names]:
            fail(f"the run's data has no {', '.join(missing)}; a classifier needs labels of training and test images")
        train, train_labels, test, test_labels = (idx(found(names[key], kind, folders)) for key in MNIST)
    elif kind == "npz":
        arrays = np.load(found(data["file"], kind, folders))
        keys = ("x_train", "y_train", "x_test", "y_test")
        if missing := [key for key in keys if key not in arrays]:
            fail(f"{data['file']} has no {', '.join(missing)} under these names, which this script reads")
        train, train_labels, test, test_labels = (arrays[key] for key in keys)
    else:
        fail(f"the run's images are those of the set {kind}, which are in no file; train one on mnist, idx or npz")
    count = data["train"]
    return rows(train[:count]), torch.from_numpy(train_labels[:count].astype(np.int64).reshape(-1)), rows(test), torch.from_numpy(
        test_labels.astype(np.int64).reshape(-1))


def classifier(images, labels, classes, epochs):
    """A plain network: dropout 0.2 of the input, 0.5 of hidden units, Adam at a rate that falls to 0."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Dropout(0.2), nn.Linear(images.shape[1], 1000), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1000, 1000), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(1000, classes))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    minibatch = 200
    steps = epochs * (len(images) // minibatch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(images) - minibatch + 1, minibatch):
            chosen = order[start:start + minibatch]
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def said(network, images):
    return torch.cat([network(block).argmax(1) for block in images.split(1000)])


def samples(lockstep, run, label, count, data, place):
    path = os.path.join(place, f"{label}.npy")
    command = [lockstep, "sample", os.path.abspath(run), "--label", str(label), "--count", str(count), "--seed", "0", "--out", path]
    told = subprocess.run(command + (["--data", os.path.abspath(data)] if data else []), capture_output=True, text=True)
    if told.returncode != 0:
        fail(f"{' '.join(command)}: {told.stderr.strip()}")
    return torch.from_numpy(np.load(path))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--lockstep", default=".build/release/lockstep")
    parser.add_argument("--data", help="where the run's files are now")
    parser.add_argument("--count", type=int, default=1000, help="samples of each class")
    parser.add_argument("--epochs", type=int, default=8, help="of the classifier")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--least", type=float, default=0.95, help="share that is to be given its class")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train, train_labels, test, test_labels = sets(options.run, options)
    classes = int(train_labels.max()) + 1
    with tempfile.TemporaryDirectory() as place:
        # Fails early if the run cannot sample by label, before a minute of training.
        drawn = [samples(options.lockstep, options.run, label, options.count, options.data, place) for label in range(classes)]
    network = classifier(train, train_labels, classes, options.epochs)
    on_test = (said(network, test) == test_labels)
    on_samples = torch.stack([(said(network, images) == label).float().mean() for label, images in enumerate(drawn)])
    print("class  test images  samples")
    for label in range(classes):
        there = on_test[test_labels == label]
        share = f"{there.float().mean():11.4f}" if len(there) else f"{'none':>11}"
        print(f"{label:5d}  {share}  {on_samples[label]:7.4f}")
    right = (on_test.float().mean().item(), on_samples.mean().item())
    print(f" mean  {right[0]:11.4f}  {right[1]:7.4f}")
    sys.exit(0 if min(right) >= options.least else 1)


if __name__ == "__main__":
    main()
