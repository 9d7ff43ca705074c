#!/usr/bin/env python3
"""A second implementation of the built-in data set `glyphs`, in numpy, written from its description alone.

    python3 glyphs.py                      prints the SHA-256 of all 70,000 images and the gates' readings
    python3 glyphs.py --sheet glyphs.png   also draws a sheet of 10 x 20 images (needs Pillow)

Images are worked out a group at a time: all images of one class that drew the same variant. Every pixel is compared with
every segment, so it is slow (minutes) and has no bounding boxes to get wrong.
"""
import argparse
import hashlib

import numpy as np

TOTAL, TRAINING, SIDE = 70_000, 60_000, 28
SHAPES = """
(.5,.02)(.2,.15)(.08,.5)(.2,.85)(.5,.98)(.8,.85)(.92,.5)(.8,.15)(.48,.02)
(.52,0)(.5,.5)(.48,1) | (.3,.22)(.42,.12)(.53,0)(.52,.5)(.5,1)
(.12,.25)(.3,.04)(.62,.02)(.82,.22)(.7,.5)(.35,.8)(.08,.98)(.5,.95)(.92,.97) | (.15,.22)(.35,.03)(.7,.06)(.8,.3)(.58,.65)(.3,.93)(.1,.9)(.25,.76)(.55,.9)(.92,.98)
(.12,.12)(.42,0)(.75,.12)(.72,.36)(.4,.48)(.75,.58)(.85,.8)(.55,1)(.1,.9)
(.3,.02)(.14,.5)(.2,.58)(.55,.56)(.9,.52) + (.72,.05)(.68,.5)(.66,1) | (.62,1)(.64,.5)(.66,0)(.35,.32)(.08,.66)(.5,.66)(.95,.64)
(.85,.03)(.5,.03)(.25,.06)(.2,.42)(.5,.38)(.82,.55)(.8,.82)(.5,1)(.1,.92)
(.7,0)(.38,.22)(.15,.6)(.22,.92)(.55,1)(.82,.82)(.72,.58)(.45,.54)(.2,.72)
(.08,.06)(.5,.05)(.88,.04)(.7,.4)(.52,.7)(.4,1) | (.1,.1)(.5,.05)(.88,.06)(.68,.45)(.5,1) + (.32,.52)(.58,.5)(.84,.48)
(.78,.16)(.5,0)(.22,.15)(.3,.38)(.68,.6)(.82,.84)(.5,1)(.18,.84)(.32,.58)(.68,.38)(.78,.14)
(.8,.2)(.5,.02)(.2,.18)(.22,.42)(.52,.5)(.78,.26)(.8,.22)(.76,.6)(.64,1) | (.78,.24)(.5,.03)(.18,.22)(.26,.46)(.6,.46)(.79,.2)(.82,.55)(.7,.88)(.4,.98)(.2,.88)
""".strip().splitlines()


def parse(line):
    """One class: a list of variants, each a list of strokes, each an array (points, 2)."""
    stroke = lambda text: np.array([[float(v) for v in p.split(",")] for p in text.strip().strip("()").split(")(")])
    return [[stroke(s) for s in variant.split("+")] for variant in line.split("|")]


def philox(counter, key):
    """Philox4x32-10 over arrays: counter is four uint64 arrays that hold 32-bit values."""
    x0, x1, x2, x3 = counter
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    k0, k1 = key
    for _ in range(10):
        wide0 = x0 * np.uint64(0xD2511F53)
        wide2 = x2 * np.uint64(0xCD9E8D57)
        x0, x1, x2, x3 = (wide2 >> half) ^ x1 ^ np.uint64(k0), wide2 & low, (wide0 >> half) ^ x3 ^ np.uint64(k1), wide0 & low
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=-1)


def uniforms(images, count):
    """(images, count): the first `count` draws of every image."""
    blocks = (count + 3) // 4
    shape = (len(images), blocks)
    image = np.broadcast_to(np.asarray(images, dtype=np.uint64)[:, None], shape)
    block = np.broadcast_to(np.arange(blocks, dtype=np.uint64)[None, :], shape)
    zero = np.zeros(shape, dtype=np.uint64)
    words = philox((image, block, zero, zero), (0x676C7970, 1))
    return words.reshape(len(images), blocks * 4)[:, :count].astype(np.float64) / 4294967296.0


class Draws:
    """Hands out the draws of a group of images, column by column."""

    def __init__(self, images, count):
        self.table, self.at = uniforms(images, count), 0

    def u(self):
        self.at += 1
        return self.table[:, self.at - 1]

    def n(self, std):
        return (self.u() + self.u() + self.u() + self.u() - 2) * np.sqrt(3.0) * std


def catmull_rom(points):
    """(images, P, 2) to (images, 6(P-1)+1, 2), by the basis matrix."""
    start = 2 * points[:, :1] - points[:, 1:2]
    end = 2 * points[:, -1:] - points[:, -2:-1]
    padded = np.concatenate([start, points, end], axis=1)
    basis = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
    rows = []
    for span in range(points.shape[1] - 1):
        window = padded[:, span:span + 4]
        for k in range(6):
            weights = np.array([(k / 6) ** p for p in range(4)]) @ basis
            rows.append(sum(weights[m] * window[:, m] for m in range(4)))
    rows.append(points[:, -1])
    return np.stack(rows, axis=1)


def draw(images, strokes):
    """(images, 784) bytes of the images of a group that share `strokes`."""
    count = len(images)
    d = Draws(images, 1 + 8 * sum(len(s) for s in strokes) + 4 * 4 + 2 + 4 + 4 + 8 + 3)
    d.u()  # the variant, which made the group
    curves = []
    for stroke in strokes:
        points = np.empty((count, len(stroke), 2))
        for p in range(len(stroke)):
            points[:, p, 0] = stroke[p, 0] + d.n(0.05)
            points[:, p, 1] = stroke[p, 1] + d.n(0.05)
        curves.append(catmull_rom(points) - 0.5)
    bx, by, kx, ky = (v[:, None] for v in (d.n(0.10), d.n(0.10), d.n(0.13), d.n(0.13)))
    h = 18 + 3 * d.u()[:, None]
    w = h * (0.52 + 0.33 * d.u()[:, None])
    s = 0.1 + d.n(0.24)[:, None]
    t = d.n(0.07)[:, None]
    centre = np.stack([14 + d.n(0.6), 14 + d.n(0.6)], axis=-1)
    r = 0.75 + d.u()
    taper = 0.35 * (d.u() - 0.5)
    ink = 0.8 + 0.2 * d.u()
    assert d.at == d.table.shape[1]

    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    starts, ends, lengths, radii = [], [], [], []
    for curve in curves:
        x, y = curve[..., 0], curve[..., 1]
        x, y = x + bx * (4 * y * y - 0.5) + 2 * kx * x * y, y + by * (4 * x * x - 0.5) + 2 * ky * x * y
        x, y = w * x - h * s * y, h * y
        x, y = cos * x - sin * y, sin * x + cos * y
        xy = np.stack([x, y], axis=-1)
        length = np.sqrt(((xy[:, 1:] - xy[:, :-1]) ** 2).sum(-1))
        middle = np.cumsum(length, axis=1) - length / 2
        share = middle / length.sum(axis=1, keepdims=True)
        starts.append(xy[:, :-1])
        ends.append(xy[:, 1:])
        lengths.append(length)
        radii.append((r - taper)[:, None] * (1 - share) + (r + taper)[:, None] * share)
    a, b = np.concatenate(starts, axis=1), np.concatenate(ends, axis=1)
    length, radius = np.concatenate(lengths, axis=1), np.concatenate(radii, axis=1)
    mass = ((a + b) / 2 * length[..., None]).sum(axis=1) / length.sum(axis=1)[:, None]
    shift = (centre - mass)[:, None]
    a, b = a + shift, b + shift

    grid = np.arange(SIDE) + 0.5
    px, py = np.tile(grid, SIDE)[None], np.repeat(grid, SIDE)[None]
    best = np.zeros((count, SIDE * SIDE))
    for k in range(a.shape[1]):
        ax, ay, ex, ey = a[:, k, :1], a[:, k, 1:], b[:, k, :1] - a[:, k, :1], b[:, k, 1:] - a[:, k, 1:]
        along = np.clip(((px - ax) * ex + (py - ay) * ey) / (ex * ex + ey * ey), 0, 1)
        distance = np.sqrt((ax + along * ex - px) ** 2 + (ay + along * ey - py) ** 2)
        np.maximum(best, np.clip((radius[:, k, None] - distance) / 1.1 + 0.5, 0, 1), out=best)
    return np.floor(best * ink[:, None] * 255 + 0.5).astype(np.uint8)


def everything():
    pixels = np.zeros((TOTAL, SIDE * SIDE), dtype=np.uint8)
    for digit, line in enumerate(SHAPES):
        variants = parse(line)
        images = np.arange(digit, TOTAL, 10)
        chosen = np.floor(uniforms(images, 1)[:, 0] * len(variants)).astype(int)
        for v, strokes in enumerate(variants):
            group = images[chosen == v]
            for first in range(0, len(group), 250):
                part = group[first:first + 250]
                pixels[part] = draw(part, strokes)
    return pixels


def gates(pixels):
    labels = np.arange(TOTAL) % 10
    train, test = pixels[:TRAINING].astype(np.float64), pixels[TRAINING:].astype(np.float64)
    means = np.stack([train[labels[:TRAINING] == c].mean(axis=0) for c in range(10)])
    scores = (means ** 2).sum(-1)[None] - 2 * test @ means.T
    error = (scores.argmin(axis=1) != labels[TRAINING:]).mean()
    ink = [train[labels[:TRAINING] == c].mean() / 255 for c in range(10)]
    print(f"nearest-class-mean error {100 * error:.2f} % (14 to 25)")
    print("mean ink by class " + " ".join(f"{100 * v:.1f}" for v in ink) + f" % (8 to 20), all {100 * np.mean(ink):.1f} %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheet")
    options = parser.parse_args()
    pixels = everything()
    print(hashlib.sha256(pixels.tobytes()).hexdigest())
    gates(pixels)
    if options.sheet:
        from PIL import Image

        # One row a class, twenty images of each.
        rows = [np.concatenate([255 - pixels[c + 10 * k].reshape(SIDE, SIDE) for k in range(20)], axis=1) for c in range(10)]
        Image.fromarray(np.concatenate(rows)).resize((20 * SIDE * 3, 10 * SIDE * 3), Image.NEAREST).save(options.sheet)
