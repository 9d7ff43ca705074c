"""Checks what was drawn for a step against the distributions that the recipe names. Gradients cannot show this: they agree with noise of any width."""
import math

import torch

from step import UNLABELLED

SIGMAS = 6  # A correct draw fails less than once in a hundred million.


def check(step, names):
    """The problems of the draws that the phases asked for, one sentence each."""
    problems = []
    for name in sorted(names):
        values = step.take(name).double().flatten(1)
        kind, *rest = name.split(".")
        if kind == "dropout":
            problems += mask(name, values, step.setting(f"dropout.{'input' if rest[0] == 'input' else 'hidden'}"))
        elif kind == "noise":
            std = {"input": lambda: step.setting("noise.input"), "discriminator": lambda: step.setting("noise.discriminator"),
                   "posterior": lambda: 1 if step.setting("posterior.kind") == "gaussian" else step.setting("posterior.std")}
            problems += normal(name, values, std[rest[0]]())
        elif name == "prior.label":
            if not (((values == 0) | (values == 1)).all() and (values.sum(1) == 1).all()):
                problems.append(f"{name} has rows that are no one-hots")
        else:
            problems += prior(step, name, values)
    return problems + alike(step, names)


def normal(name, values, std):
    """N(0, std^2) by its mean and its variance."""
    count = values.numel()
    mean = float(values.mean()) / std * math.sqrt(count)
    # The logarithm of a variance is distributed nearly symmetrically.
    spread = math.log(max(float((values**2).mean()), 1e-300) / std**2) * math.sqrt(count / 2)
    return [f"{name} has the {what} of no N(0, {std:g}^2): {value:.1f} deviations away"
            for what, value in (("mean", mean), ("variance", spread)) if not abs(value) < SIGMAS]


def mask(name, values, share):
    """Each value 0 with probability `share`, else 1 / (1 - share)."""
    kept = torch.tensor(1 / (1 - share)).float().double()
    if not ((values == 0) | ((values - kept).abs() <= 2e-7 * kept)).all():
        return [f"{name} has values other than 0 and {kept:g}"]
    away = (float((values == 0).double().mean()) - share) / math.sqrt(share * (1 - share) / values.numel())
    return [] if abs(away) < SIGMAS else [f"{name} drops another share than {share:g}: {away:.1f} deviations away"]


def prior(step, name, values):
    kind = step.setting("prior.kind")
    by_class = step.variant == "label-informed"
    classes = step.labels() if by_class else torch.full((len(values),), UNLABELLED)
    if kind == "gaussian":
        return normal(name, values, step.setting("prior.std"))
    if kind == "uniform":
        low, high = step.setting("prior.low"), step.setting("prior.high")
        within = ((values >= low) & (values <= high)).all() and values.max() - values.min() > (high - low) / 2
        return [] if within else [f"{name} does not fill {low:g} to {high:g}"]
    if kind == "mixture":
        return petals(step, name, values, classes)
    if kind == "swiss-roll":
        return roll(step, name, values, classes)
    return [f"{name} is of a prior that is not known here: {kind}"]


def petals(step, name, values, classes):
    """Each sample lies in its class's petal, or, without a class, in one of them; and the petals are as wide as they should be."""
    count, radial, tangential, distance = (
        step.setting(f"prior.{key}") for key in ("components", "radial", "tangential", "distance"))
    turn = 2 * math.pi * torch.arange(count) / count
    along = (values[:, :1] * turn.cos() + values[:, 1:] * turn.sin() - distance) / radial
    across = (values[:, 1:] * turn.cos() - values[:, :1] * turn.sin()) / tangential
    petal = torch.where(classes == UNLABELLED, (along**2 + across**2).argmin(1), classes)
    rows = torch.arange(len(values))
    place = torch.stack([along[rows, petal], across[rows, petal]], 1)
    problems = [] if (place.abs() < SIGMAS).all() else [f"{name} has samples outside of their petals"]
    return problems + (normal(name, place[classes != UNLABELLED], 1) if (classes != UNLABELLED).sum() > 1 else [])


def roll(step, name, values, classes):
    """Each sample lies near the axis, within its class's part of it, u in k / K to (k + 1) / K."""
    count = step.setting("model.classes")
    known = classes != UNLABELLED
    first, share = torch.where(known, classes / count, 0.0), torch.where(known, 1 / count, 1.0)
    root = (first[:, None] + share[:, None] * torch.linspace(0, 1, 2001)).sqrt()
    angle = 4 * math.pi * root
    squares = (3 * root * angle.cos() - values[:, :1]) ** 2 + (3 * root * angle.sin() - values[:, 1:]) ** 2
    is_near = squares.min(1).values.sqrt() < (SIGMAS + 1) * step.setting("prior.thickness")
    return [] if is_near.all() else [f"{name} has samples off their part of the roll"]


def alike(step, names):
    """The pairs of draws that are not independent of each other; only draws of equal shape are compared."""
    problems = []
    drawn = {}
    for name in sorted(names):
        values = step.take(name).double().flatten()
        drawn[name] = (values - values.mean()) / max(float(values.std()), 1e-30)
    for name, values in drawn.items():
        for other, more in drawn.items():
            if name < other and step.take(name).shape == step.take(other).shape and name != "prior.label" != other:
                away = float((values * more).mean()) * math.sqrt(len(values))
                if not abs(away) < SIGMAS:
                    problems.append(f"{name} and {other} are not independent: {away:.1f} deviations away")
    return problems
