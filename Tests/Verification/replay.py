#!/usr/bin/env python3
"""Recomputes one step of a run with PyTorch autograd in float64 and compares every loss, gradient and update.

    lockstep replay RUN --step N --out step.safetensors
    python3 Tests/Verification/replay.py step.safetensors           (--short prints one line)

Needs torch, safetensors and pyyaml; none of them is needed by Lockstep or its tests. Exits 1 where one differs by 1e-5 or
more. Every variant of the paper is written down in `paper.py`, from the paper and the file's own contents and not from the
Swift sources: which networks a phase changes, what it computes, what is drawn for it. A phase begins with the parameters that
the file has before it, which must be those that the phase before it left.

What is printed for each tensor is max |a-b| / s, where s is the size of what was added up to make it:
  a loss       the sum of its terms' absolute values;
  a gradient   the largest of its sums over the minibatch with each term at its absolute value. Where nothing cancels that is
               max |b|; where the terms cancel, as the rows of a bias whose units are as often too bright as too dark,
               float32 cannot know the small remainder better than its terms. Behind it stands max |a-b| / max |b|;
  an update    the largest change of a weight; an error of one unit in a weight's last place is not counted. The update is computed
               from the gradient in the file, which is what the optimizer saw, and which has a line of its own.
"""
import sys

import torch

import draws
from paper import VARIANTS
from passes import Pass
from step import Step, Wrong

LIMIT = 1e-5
ORDER = ["reconstruction", "discriminator", "generator", "classification"]
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def largest(a):
    return float(a.abs().max()) if a.numel() else 0.0


def relative(difference, size):
    return difference / size if size > 0 else difference


def float32(value):
    return float(torch.tensor(value).float())


def expected(step, phase, name, gradient):
    """The weights after the update, in float64, from the gradient and the optimizer's state in the file."""
    def state(kind):
        return step.take(f"phase.{phase}.before.optimizer.{kind}.{name}").double()

    def setting(key):
        # As an optimizer in float32 has it: 1 - 0.999 then differs by 1.3e-5 of itself.
        return float32(step.setting(f"phases.{phase}.{key}"))

    before, rate = step.take(f"phase.{phase}.before.{name}").double(), float(step.take(f"phase.{phase}.rate"))
    if step.setting(f"phases.{phase}.optimizer") == "sgd":
        return before - rate * (setting("momentum") * state("momentum") + gradient)
    beta1, beta2 = setting("beta1"), setting("beta2")
    powers = step.take(f"phase.{phase}.before.optimizer.beta_powers").double()
    power1, power2 = (
        float32(float(power) * step.setting(f"phases.{phase}.{key}")) for power, key in zip(powers, ("beta1", "beta2")))
    first = beta1 * state("first") + (1 - beta1) * gradient
    second = beta2 * state("second") + (1 - beta2) * gradient**2
    return before - rate * (first / (1 - power1)) / ((second / (1 - power2)).sqrt() + setting("epsilon"))


def update_error(step, phase, name, gradient):
    before, after = (step.take(f"phase.{phase}.{moment}.{name}").double() for moment in ("before", "after"))
    wanted = expected(step, phase, name, gradient)
    # float32 rounds a weight to half its last place, and the change before that.
    place = 2.0**-23 * torch.maximum(before.abs(), wanted.abs())
    return relative(largest(torch.clamp((after - wanted).abs() - place, min=0)), largest(wanted - before))


def same_names(what, found, wanted):
    if set(found) != set(wanted):
        raise Wrong(f"{what} of {sorted(found)}, and the paper has {sorted(wanted)}")


def compare(step, phase, variant, order):
    """One phase: a row for each comparison, (name, error, error relative to the largest value or None)."""
    run = Pass(step, phase, order)
    variant.terms(run)
    changed = [
        name for name in run.parameters if any(name.startswith(f"{network}.") for network in variant.changes[phase])]
    for kind in ("before", "gradient", "after"):
        same_names(f"{phase}: the file has {kind}", step.under(phase, kind), changed)
    sum(run.losses.values()).backward()
    parts = [float(term.detach()) for term in run.losses.values()]
    loss = sum(parts)
    rows = [("loss", relative(abs(float(step.take(f"phase.{phase}.loss")) - loss), sum(map(abs, parts))), None)]
    terms = run.gradient_terms()
    for name in sorted(changed):
        gradient, own = step.take(f"phase.{phase}.gradient.{name}").double(), run.parameters[name].grad
        if own is None:
            raise Wrong(f"{phase} changes {name}, and the paper's loss does not depend on it")
        difference = largest(gradient - own)
        rows.append((f"gradient {name}", relative(difference, largest(terms[name])), relative(difference, largest(own))))
        rows.append((f"update {name}", update_error(step, phase, name, gradient), None))
    return run, loss, rows


def check(path, is_short):
    """Compares a file; returns the worst row, and whether everything agrees."""
    step = Step(path)
    if step.variant not in VARIANTS:
        raise Wrong(f"{step.variant} is no variant of the paper")
    variant = VARIANTS[step.variant](step)
    order = [phase for phase in ORDER if phase in variant.changes]
    same_names("the file has phases", step.phases, order)
    worst, is_well = ("", 0.0), True
    for phase in order:
        run, loss, rows = compare(step, phase, variant, order)
        if not is_short:
            print(f"{phase}: loss {loss:.9g}; {run.near} of {run.units} units as good as zero")
        for name, error, by_largest in rows:
            is_well &= error < LIMIT
            worst = max(worst, (f"{phase} {name}", error), key=lambda row: row[1] if row[1] == row[1] else float("inf"))
            if not is_short:
                more = "" if by_largest is None else f"  {by_largest:.2e} of the largest"
                print(f"  {name:45s} {error:.2e}{more}{'' if error < LIMIT else '  <-- too far'}")
    problems = leftovers(step) + draws.check(step, step.asked)
    for problem in problems:
        print(f"  {problem}")
    return worst, is_well and not problems


def leftovers(step):
    """What was drawn though no phase asks for it."""
    drawn = {name for name in step.tensors if name.split(".")[0] in ("noise", "dropout", "prior")}
    return [f"{name} is in the file, and no phase of the paper asks for it" for name in sorted(drawn - step.asked)
            if name != "noise.input" or largest(step.take(name).double()) > 0]


def main(arguments):
    is_short = "--short" in arguments
    paths = [argument for argument in arguments if argument != "--short"]
    if len(paths) != 1:
        print(__doc__)
        return 64
    try:
        (name, error), is_well = check(paths[0], is_short)
    except Wrong as wrong:
        print(f"differs: {wrong}")
        return 1
    print(f"{'agrees' if is_well else 'differs'}: worst {error:.2e} ({name}), limit {LIMIT:g}")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
