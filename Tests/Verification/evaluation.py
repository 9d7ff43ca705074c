#!/usr/bin/env python3
"""Computes the evaluation's figures by numpy, scipy and scikit-learn, on the same numbers that the tests make.

    evaluation.py            compares Tests/EvaluationTests/Reference.swift with what these libraries say; status 1 where it differs
    evaluation.py --write    writes that file
    evaluation.py --parzen SAMPLES.npy VALIDATION.npy IMAGES.npy EVALUATION.json
                             a run's Parzen figure from its decoded samples (`lockstep sample --count N --seed S --out F.npy`) and
                             the images as rows of values from 0 to 1; status 1 where nats or their error are more than 1e-3 away, or
                             another sigma is best

Needs numpy, scipy, scikit-learn.
"""
import json
import math
import pathlib
import re
import sys

import numpy as np

REFERENCE = pathlib.Path(__file__).resolve().parent.parent / "EvaluationTests" / "Reference.swift"
COARSE = [0.1 * 10 ** (i / 9) for i in range(10)]
REFINED = [0.05 * 6 ** (i / 9) for i in range(10)]


class Numbers:
    """The tests' generator: linear congruential; the upper 24 bits make a float from -0.5 to 0.5."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return np.float32(self.state >> 40) / np.float32(16777216) - np.float32(0.5)

    def below(self, limit):
        return int((float(self.next()) + 0.5) * limit)

    def matrix(self, rows, columns):
        return np.array([[self.next() for _ in range(columns)] for _ in range(rows)], dtype=np.float32)


def labelled(rows, seed):
    """Codes of three dimensions around the corners of a square, labelled by corner; every third one strays further."""
    numbers = Numbers(seed)
    codes, labels = [], []
    for row in range(rows):
        label = numbers.below(4)
        width = np.float32(3 if row % 3 == 0 else 1)
        noise = [numbers.next() * width for _ in range(3)]
        codes.append([noise[0] + np.float32(label % 2), noise[1] + np.float32(label // 2), noise[2]])
        labels.append(label)
    return np.array(codes, dtype=np.float32), np.array(labels)


def divisions(rows, seed):
    """Five classes, and seven clusters that are correlated with them; the last cluster is empty."""
    numbers = Numbers(seed)
    classes, clusters = [], []
    for _ in range(rows):
        label = numbers.below(5)
        classes.append(label)
        clusters.append(label if numbers.below(3) > 0 else numbers.below(6))
    return np.array(classes), np.array(clusters)


def log_likelihoods(images, samples, sigma):
    """The log-likelihood of each image under Gaussians around the samples, in double precision."""
    x, s = images.astype(np.float64), samples.astype(np.float64)
    values = []
    for start in range(0, len(x), 100):
        part = x[start:start + 100]
        squares = ((part[:, None, :] - s[None]) ** 2).sum(2) if s.size < 1e6 else np.maximum(
            (part**2).sum(1)[:, None] + (s**2).sum(1)[None] - 2 * part @ s.T, 0)
        exponents = -squares / (2 * sigma**2)
        most = exponents.max(1)
        values.append(most + np.log(np.exp(exponents - most[:, None]).mean(1)))
    return np.concatenate(values) - x.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))


def parzen(samples, validation, images, sigmas):
    """The best width of a grid, its nats and their error, and the validation figure of each width."""
    means = [log_likelihoods(validation, samples, sigma).mean() for sigma in sigmas]
    sigma = sigmas[int(np.argmax(means))]
    found = log_likelihoods(images, samples, sigma)
    return sigma, found.mean(), found.std() / math.sqrt(len(found)), means


def explained(samples, images):
    """The share of the images' variance about their mean that the sample most correlated with each image explains."""
    mean = images.astype(np.float64).mean(0)
    own, others = images - mean, samples - mean
    correlations = own @ others.T / np.sqrt((own**2).sum(1)[:, None] * (others**2).sum(1)[None])
    best = np.maximum(correlations.max(1), 0)
    return ((own**2).sum(1) * best**2).sum() / (own**2).sum()


def reference():
    from scipy.optimize import linear_sum_assignment
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    source = "Tests/Verification/evaluation.py"
    lines = [f"/// What numpy, scipy and scikit-learn say of the numbers of `ReferenceNumbers`; {source} writes it.",
             "enum Reference {"]

    def add(name, value):
        if not isinstance(value, list):
            lines.append(f"    static let {name} = " + (f'"{value}"' if isinstance(value, str) else repr(value)))
            return
        lines.append(f"    static let {name} = [")
        for start in range(0, len(value), 5):
            lines.append("        " + ", ".join(map(repr, value[start:start + 5])) + ",")
        lines.append("    ]")

    classes, clusters = divisions(200, 1)
    table = np.zeros((7, 5), int)
    np.add.at(table, (clusters, classes), 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    add("nmi", float(normalized_mutual_info_score(classes, clusters)))
    add("ari", float(adjusted_rand_score(classes, clusters)))
    add("majorityError", float(1 - table.max(1).sum() / 200))
    add("assignmentError", float(1 - table[rows, columns].sum() / 200))
    sums = []
    for height, width in [(1, 1), (3, 3), (4, 9), (9, 4), (20, 20), (30, 10)]:
        numbers = Numbers(height * 100 + width)
        values = np.array([[numbers.below(50) for _ in range(width)] for _ in range(height)])
        rows, columns = linear_sum_assignment(values, maximize=True)
        sums.append(int(values[rows, columns].sum()))
    add("assignments", sums)

    (codes, labels), (others, theirs) = labelled(400, 2), labelled(90, 3)
    digits = lambda values: "".join(str(int(v)) for v in values)
    for count in (1, 5):
        model = KNeighborsClassifier(count, algorithm="brute").fit(codes.astype(np.float64), labels)
        add(f"neighbours{count}", digits(model.predict(others.astype(np.float64))))
    probe = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10, max_iter=10_000)).fit(codes.astype(np.float64), labels)
    predicted = probe.predict(others.astype(np.float64))
    add("probe", digits(predicted))
    add("probeError", float((predicted != theirs).mean()))

    numbers = Numbers(4)
    samples, validation, images = (numbers.matrix(rows, 12) for rows in (1500, 20, 60))
    for name, sigmas in (("coarse", COARSE), ("refined", REFINED)):
        sigma, nats, error, means = parzen(samples, validation, images, sigmas)
        add(f"{name}Sigma", sigmas.index(sigma))
        add(f"{name}Nats", float(nats))
        add(f"{name}Error", float(error))
        add(f"{name}Validation", [float(mean) for mean in means])

    (samples, _), (images, _), (others, _) = (labelled(60, seed) for seed in (5, 6, 7))
    noise = np.array([[others[(row + 7919 * column) % 60, column] for column in range(3)] for row in range(60)])
    add("explained", [float(explained(by, images)) for by in (samples, others, noise)])
    return "\n".join(lines + ["}", ""])


def parts(text):
    """Names and values of a reference, so that numbers are compared and not texts."""
    found = re.findall(r'static let (\w+) = (\[[^\]]*\]|"[^"]*"|[^\n]+)', text)
    return {name: json.loads(re.sub(r",\s*\]", "]", value)) for name, value in found}


def alike(one, other):
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other))
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def check():
    computed, kept = parts(reference()), parts(REFERENCE.read_text())
    wrong = [name for name in sorted(computed.keys() | kept.keys())
             if name not in computed or name not in kept or not alike(computed[name], kept[name])]
    for name in wrong:
        print(f"{name}: {kept.get(name)} in {REFERENCE.name}, but {computed.get(name)}")
    print(f"{len(computed) - len(wrong)} of {len(computed)} figures agree")
    return 1 if wrong else 0


def check_run(samples, validation, images, evaluation):
    found = json.loads(pathlib.Path(evaluation).read_text())["parzen"]
    arrays = [np.load(file).reshape(len(np.load(file, mmap_mode="r")), -1) for file in (samples, images)]
    nats = log_likelihoods(arrays[1], arrays[0], found["sigma"])
    error = nats.std() / math.sqrt(len(nats))
    chosen = np.load(validation)
    means = {sigma: log_likelihoods(chosen.reshape(len(chosen), -1), arrays[0], sigma).mean() for sigma in COARSE + REFINED}
    best = max(means, key=means.get)
    print(f"nats {found['nats']} (numpy: {nats.mean():.6f}), error {found['error']} (numpy: {error:.6f}), "
          f"sigma {found['sigma']} (numpy: {best:.6f})")
    same = abs(found["nats"] - nats.mean()) < 1e-3 and abs(found["error"] - error) < 1e-3
    return 0 if same and math.isclose(best, found["sigma"], rel_tol=1e-6) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--parzen"] and len(sys.argv) == 6:
        sys.exit(check_run(*sys.argv[2:]))
    if sys.argv[1:] == ["--write"]:
        REFERENCE.write_text(reference())
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
    sys.exit(check())
