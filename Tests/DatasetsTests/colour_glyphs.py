#!/usr/bin/env python3
"""A second implementation of the built-in data set `glyphs-colour`, in numpy, beside that of `glyphs` (glyphs.py), written from its description.

    python3 colour_glyphs.py                      prints the SHA-256 of the first 500 training and the first 500 test images
    python3 colour_glyphs.py --gates              also how well simple classifiers do on 10,000 / 1,000 images (minutes)
    python3 colour_glyphs.py --sheet sheet.png    also draws a sheet of 10 x 20 images (needs Pillow)

Draws of image i, in this order: background start and second colour (each a grey 175u, and red, green, blue 80u more; the end is 0.6 of the way
from the start to the second); right, down (2u - 1); contrast 0.3 + 0.7u; tint (a colour); bar's x, y, x, y (times 32), radius 0.5 + 2u, its colour,
share 0.6u; noise 24u; the digit i mod 10; then left and right: u < 0.75 says whether there is one, floor(10u) which, 19 + 5u how far, 6(u - 0.5) how much lower,
the digit; then one u a pixel. A digit: scale 1.15 + 0.1u, then the draws of `glyphs` with its variant first; its line is scaled about (14, 14),
moved to (16, 16) and aside, its pen scaled alike. Philox's key is (0x676C7970, 2); test images are those from 100,000,000 on.
"""
import argparse
import hashlib
import math

import numpy as np

import glyphs

SIDE, FIRST_TEST, VERIFIED = 32, 100_000_000, 500


class Draws:
    """The draws of one image, as many as there may be."""

    def __init__(self, image):
        count = 4096
        blocks = np.arange(count // 4, dtype=np.uint64)
        zero = np.zeros_like(blocks)
        words = glyphs.philox((zero + np.uint64(image), blocks, zero, zero), (0x676C7970, 2))
        self.table, self.at = (words.reshape(-1).astype(np.float64) / 4294967296.0).tolist(), 0

    def u(self):
        self.at += 1
        return self.table[self.at - 1]

    def n(self, std):
        return (self.u() + self.u() + self.u() + self.u() - 2) * math.sqrt(3.0) * std

    def colour(self):
        grey = 175 * self.u()
        return np.array([grey + 80 * self.u(), grey + 80 * self.u(), grey + 80 * self.u()])


def digit(d, number, x, y):
    """Segments of one digit: start (S, 2), end (S, 2), radius (S)."""
    scale = 1.15 + 0.1 * d.u()
    variants = glyphs.parse(glyphs.SHAPES[number])
    strokes = variants[int(d.u() * len(variants))]
    curves = []
    for stroke in strokes:
        points = np.array([[px + d.n(0.05), py + d.n(0.05)] for px, py in stroke])
        curves.append(glyphs.catmull_rom(points[None])[0] - 0.5)
    bx, by, kx, ky = d.n(0.10), d.n(0.10), d.n(0.13), d.n(0.13)
    h = 18 + 3 * d.u()
    w = h * (0.52 + 0.33 * d.u())
    s = 0.1 + d.n(0.24)
    t = d.n(0.07)
    centre = np.array([14 + d.n(0.6), 14 + d.n(0.6)])
    r = 0.75 + d.u()
    taper = 0.35 * (d.u() - 0.5)
    d.u()  # how dark: the contrast says that here
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    starts, ends, lengths, radii = [], [], [], []
    for curve in curves:
        cx, cy = curve[:, 0], curve[:, 1]
        cx, cy = cx + bx * (4 * cy * cy - 0.5) + 2 * kx * cx * cy, cy + by * (4 * cx * cx - 0.5) + 2 * ky * cx * cy
        cx, cy = w * cx - h * s * cy, h * cy
        xy = np.stack([cos * cx - sin * cy, sin * cx + cos * cy], axis=-1)
        length = np.sqrt(((xy[1:] - xy[:-1]) ** 2).sum(-1))
        share = (np.cumsum(length) - length / 2) / length.sum()
        starts.append(xy[:-1])
        ends.append(xy[1:])
        lengths.append(length)
        radii.append((r - taper) * (1 - share) + (r + taper) * share)
    a, b, length = np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)
    shift = centre - ((a + b) / 2 * length[:, None]).sum(0) / length.sum()
    place = np.array([16 + x, 16 + y])
    return place + scale * (a + shift - 14), place + scale * (b + shift - 14), scale * np.concatenate(radii)


def cover(a, b, radius):
    grid = np.arange(SIDE) + 0.5
    px, py = np.tile(grid, SIDE)[:, None], np.repeat(grid, SIDE)[:, None]
    ex, ey = (b - a)[:, 0], (b - a)[:, 1]
    along = np.clip(((px - a[:, 0]) * ex + (py - a[:, 1]) * ey) / (ex * ex + ey * ey), 0, 1)
    distance = np.sqrt((a[:, 0] + along * ex - px) ** 2 + (a[:, 1] + along * ey - py) ** 2)
    return np.clip((radius - distance) / 1.1 + 0.5, 0, 1).max(axis=1)


def draw(image):
    """(32, 32, 3) bytes."""
    d = Draws(image)
    start = d.colour()
    end = start + 0.6 * (d.colour() - start)
    right, down = 2 * d.u() - 1, 2 * d.u() - 1
    contrast = 0.3 + 0.7 * d.u()
    mean = (start + end) / 2
    goal = 255 if mean.sum() < 382.5 else 0
    ink = mean + contrast * ((goal + d.colour()) / 2 - mean)
    bar_a = np.array([[SIDE * d.u(), SIDE * d.u()]])
    bar_b = np.array([[SIDE * d.u(), SIDE * d.u()]])
    bar_radius = np.array([0.5 + 2 * d.u()])
    bar_colour, bar_share, noise = d.colour(), 0.6 * d.u(), 24 * d.u()
    parts = [digit(d, image % 10, 0, 0)]
    for sign in (-1, 1):
        if d.u() < 0.75:
            number, x = int(d.u() * 10), sign * (19 + 5 * d.u())
            y = 6 * (d.u() - 0.5)
            parts.append(digit(d, number, x, y))
    digits = cover(*(np.concatenate(p) for p in zip(*parts)))[:, None]
    bar = bar_share * cover(bar_a, bar_b, bar_radius)[:, None]
    grid = (np.arange(SIDE) + 0.5 - 16) / 16
    along = (0.5 + 0.25 * (right * np.tile(grid, SIDE) + down * np.repeat(grid, SIDE)))[:, None]
    colour = start + along * (end - start)
    colour = colour + bar * (bar_colour - colour)
    colour = colour + digits * (ink - colour)
    grain = noise * (np.array(d.table[d.at:d.at + SIDE * SIDE]) - 0.5)[:, None]
    return np.floor(np.clip(colour + grain, 0, 255) + 0.5).astype(np.uint8).reshape(SIDE, SIDE, 3)


def gates():
    train = np.stack([draw(i) for i in range(10_000)]).reshape(10_000, -1) / 255.0
    test = np.stack([draw(FIRST_TEST + i) for i in range(1_000)]).reshape(1_000, -1) / 255.0
    y, t = np.arange(10_000) % 10, np.arange(1_000) % 10
    mean = train.mean(0)
    train, test = train - mean, test - mean
    near = ((train ** 2).sum(1)[None] - 2 * test @ train.T).argmin(1)
    print(f"nearest neighbour {100 * (y[near] != t).mean():.1f} % wrong")
    hot = np.eye(10)[y] - 0.1
    ridge = np.linalg.solve(train.T @ train + 100 * np.eye(train.shape[1]), train.T @ hot)
    print(f"ridge regression {100 * ((test @ ridge).argmax(1) != t).mean():.1f} % wrong")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gates", action="store_true")
    parser.add_argument("--sheet")
    options = parser.parse_args()
    content = b"".join(draw(i).tobytes() for first in (0, FIRST_TEST) for i in range(first, first + VERIFIED))
    print(hashlib.sha256(content).hexdigest())
    if options.gates:
        gates()
    if options.sheet:
        from PIL import Image

        rows = [np.concatenate([draw(c + 10 * k) for k in range(20)], axis=1) for c in range(10)]
        Image.fromarray(np.concatenate(rows)).resize((20 * SIDE * 2, 10 * SIDE * 2), Image.NEAREST).save(options.sheet)
