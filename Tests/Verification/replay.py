#!/usr/bin/env python3
"""Recomputes one step of a run with PyTorch autograd in float64 and compares every loss, gradient and updated weight.

    lockstep replay RUN --step N --out step.safetensors
    python3 Tests/Verification/replay.py step.safetensors

Needs torch, numpy, safetensors and pyyaml; none of them is needed by Lockstep or its tests. Prints ||a-b|| / ||b|| for
each tensor and exits 1 where one is 1e-5 or more. Written from the paper and the file's own contents, not from the
Swift sources.
"""
import sys

import numpy
import torch
import yaml
from safetensors import safe_open

LIMIT = 1e-5
NEAR_ZERO = 1e-5
torch.set_default_dtype(torch.float64)


def load(path):
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, file.metadata()


class Step:
    def __init__(self, path):
        self.tensors, self.metadata = load(path)
        self.settings = yaml.safe_load(self.metadata["configuration"])
        self.images = self.tensors["input.images"].double().flatten(1) / 255
        self.batch = len(self.images)
        noise = self.tensors.get("noise.input")
        self.corrupted = self.images + noise.double().reshape(self.images.shape) if noise is not None else self.images
        self.prior = self.tensors["prior.code"].double()

    def before(self, phase, network):
        """Parameters of a network as leaves of a graph, float64."""
        prefix = f"phase.{phase}.before.{network}."
        return {
            name[len(f"phase.{phase}.before."):]: value.double().clone().requires_grad_()
            for name, value in self.tensors.items()
            if name.startswith(prefix)
        }

    def parameters(self, phase, network):
        """As before(); a network that the phase does not update is taken from the last phase that did."""
        order = ["reconstruction", "discriminator", "generator"]
        found = self.before(phase, network)
        if found:
            return found
        for earlier in reversed(order[: order.index(phase)]):
            prefix = f"phase.{earlier}.after.{network}."
            values = {
                name[len(f"phase.{earlier}.after."):]: value.double().clone().requires_grad_()
                for name, value in self.tensors.items()
                if name.startswith(prefix)
            }
            if values:
                return values
        raise SystemExit(f"the file has no weights of {network} for the {phase} phase")


def mlp(parameters, network, x, ambiguous):
    """Dense layers with ReLU between them; counts units whose sign float32 cannot be sure of."""
    layers = sorted({int(name[len(network) + 1:].split(".")[0]) for name in parameters if name.startswith(network + ".")})
    for layer in layers:
        x = x @ parameters[f"{network}.{layer}.weight"].T + parameters[f"{network}.{layer}.bias"]
        if layer != layers[-1]:
            ambiguous.append(int((x.abs() < NEAR_ZERO).sum()))
            x = torch.relu(x)
    return x


def losses(step, phase, ambiguous):
    """The phase's loss, a mean over the minibatch, and the parameters it is a function of."""
    encoder = step.parameters(phase, "encoder")
    code = mlp(encoder, "encoder", step.corrupted, ambiguous)
    if phase == "reconstruction":
        decoder = step.parameters(phase, "decoder")
        logits = mlp(decoder, "decoder", code, ambiguous)
        output = torch.sigmoid(logits) if step.settings["model"]["output"] == "sigmoid" else logits
        if step.settings["cost"] == "cross-entropy":
            cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, step.images, reduction="sum")
        else:
            cost = 0.5 * ((output - step.images) ** 2).sum()
        return cost / step.batch, {**encoder, **decoder}
    discriminator = step.parameters(phase, "discriminator")
    network = "discriminator.code"
    if phase == "discriminator":
        real = mlp(discriminator, network, step.prior, ambiguous)
        fake = mlp(discriminator, network, code.detach(), ambiguous)
        cost = torch.nn.functional.softplus(-real).mean() + torch.nn.functional.softplus(fake).mean()
        return cost, discriminator
    fake = mlp(discriminator, network, code, ambiguous)
    return torch.nn.functional.softplus(-fake).mean(), encoder


def relative(a, b, scale=None):
    scale = float(torch.linalg.vector_norm(b if scale is None else scale))
    difference = float(torch.linalg.vector_norm(a - b))
    return difference / scale if scale > 0 else difference


def main():
    step = Step(sys.argv[1])
    worst, failed = 0.0, 0
    phases = [p for p in ("reconstruction", "discriminator", "generator") if f"phase.{p}.loss" in step.tensors]
    for phase in phases:
        ambiguous = []
        loss, parameters = losses(step, phase, ambiguous)
        loss.backward()
        rows = [("loss", relative(step.tensors[f"phase.{phase}.loss"].double().reshape(()), loss.detach()))]
        for name, parameter in sorted(parameters.items()):
            gradient = step.tensors.get(f"phase.{phase}.gradient.{name}")
            if gradient is None:
                continue
            rows.append((f"gradient {name}", relative(gradient.double(), parameter.grad)))
            before = step.tensors[f"phase.{phase}.before.{name}"].double()
            after = step.tensors[f"phase.{phase}.after.{name}"].double()
            rows.append((f"after {name}", update_error(step, phase, name, before, after, parameter.grad)))
        print(f"{phase}: loss {float(loss):.9g}, {sum(ambiguous)} pre-activations within {NEAR_ZERO:g} of zero")
        for name, error in rows:
            bad = not error < LIMIT
            failed += bad
            worst = max(worst, error)
            print(f"  {name:45s} {error:.2e}{'  <-- too far' if bad else ''}")
    print(f"worst {worst:.2e}, limit {LIMIT:g}: {'differs' if failed else 'agrees'}")
    return 1 if failed else 0


def update_error(step, phase, name, before, after, gradient):
    """Recomputes the update in float64 from the optimizer's state in the file, where it is there."""
    settings = step.settings["phases"][phase]
    rate = float(step.tensors[f"phase.{phase}.rate"].reshape(())) if f"phase.{phase}.rate" in step.tensors else settings["rate"]
    velocity = step.tensors.get(f"phase.{phase}.before.optimizer.momentum.{name}")
    if settings["optimizer"] == "sgd" and velocity is not None:
        expected = before - rate * (settings["momentum"] * velocity.double() + gradient)
        return relative(after, expected)
    return float("nan")


if __name__ == "__main__":
    sys.exit(main())
