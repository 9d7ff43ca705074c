#!/usr/bin/env python3
"""Recomputes one step of a run with PyTorch autograd in float64 and compares every loss, gradient and updated weight.

    lockstep replay RUN --step N --out step.safetensors
    python3 Tests/Verification/replay.py step.safetensors

Needs torch, safetensors and pyyaml; none of them is needed by Lockstep or its tests. Exits 1 where one differs by
1e-5 or more. Written from the paper and the file's own contents, not from the Swift sources.

What is printed for each tensor is ||a-b|| / s, where s is the size of what was added up to make it:
  a loss       |b|;
  a gradient   the norm of its sums over the minibatch with each term at its absolute value. Where nothing cancels that is
               ||b||; where the terms cancel, as the rows of a bias whose units are as often too bright as too dark,
               float32 cannot know the small rest better than the terms it is left from;
  new weights  ||b|| or the norm of the weights before, whichever is larger. They are computed from the gradient in the
               file, which is what the optimizer saw, and which has a line of its own.
"""
import sys

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


def mlp(step, phase, parameters, network, x, suffix=""):
    """Dense layers with ReLU between them; a unit too near zero for float32 to be sure of takes the file's own mask."""
    layers = sorted({int(name[len(network) + 1:].split(".")[0]) for name in parameters if name.startswith(network + ".")})
    for layer in layers:
        inputs = x.detach()
        x = x @ parameters[f"{network}.{layer}.weight"].T + parameters[f"{network}.{layer}.bias"]
        x.retain_grad()
        step.products.append((f"{network}.{layer}", inputs, x))
        if layer != layers[-1]:
            own = step.tensors[f"phase.{phase}.active.{network}.{layer}{suffix}"].bool()
            near = x.detach().abs() < NEAR_ZERO
            step.units += near.numel()
            step.near += int(near.sum())
            wrong = ((x.detach() > 0) != own) & ~near
            if wrong.any():
                raise SystemExit(f"{phase}: {int(wrong.sum())} units of {network}.{layer} have the wrong sign, far from zero")
            x = x * torch.where(near, own, x.detach() > 0)
    return x


def losses(step, phase):
    """The phase's loss, a mean over the minibatch, and the parameters it is a function of."""
    encoder = step.parameters(phase, "encoder")
    code = mlp(step, phase, encoder, "encoder", step.corrupted)
    if phase == "reconstruction":
        decoder = step.parameters(phase, "decoder")
        logits = mlp(step, phase, decoder, "decoder", code)
        output = torch.sigmoid(logits) if step.settings["model"]["output"] == "sigmoid" else logits
        if step.settings["cost"] == "cross-entropy":
            cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, step.images, reduction="sum")
        else:
            cost = 0.5 * ((output - step.images) ** 2).sum()
        return cost / step.batch, {**encoder, **decoder}
    discriminator = step.parameters(phase, "discriminator")
    network = "discriminator.code"
    if phase == "discriminator":
        real = mlp(step, phase, discriminator, network, step.prior, ".real")
        fake = mlp(step, phase, discriminator, network, code.detach(), ".fake")
        cost = torch.nn.functional.softplus(-real).mean() + torch.nn.functional.softplus(fake).mean()
        return cost, discriminator
    fake = mlp(step, phase, discriminator, network, code)
    return torch.nn.functional.softplus(-fake).mean(), encoder


def norm(a):
    return float(torch.linalg.vector_norm(a))


def relative(a, b, scale):
    return norm(a - b) / scale if scale > 0 else norm(a - b)


def term_norms(step):
    """For each parameter the norm of its gradient's sums over the minibatch, every term at its absolute value."""
    sums = {}
    for layer, inputs, outputs in step.products:
        if outputs.grad is None:
            continue
        rows = outputs.grad.abs()
        for name, terms in ((f"{layer}.weight", rows.T @ inputs.abs()), (f"{layer}.bias", rows.sum(0))):
            sums[name] = sums.get(name, 0) + terms
    return {name: norm(terms) for name, terms in sums.items()}


def update_error(step, phase, name, gradient):
    """Recomputes the update in float64 from the gradient and the optimizer's state in the file and compares the weights after it."""
    settings = step.settings["phases"][phase]
    own = step.tensors
    before = own[f"phase.{phase}.before.{name}"].double()
    after = own[f"phase.{phase}.after.{name}"].double()
    rate = float(own[f"phase.{phase}.rate"])
    state = {kind: own[key].double() for kind in ("momentum", "first", "second")
             if (key := f"phase.{phase}.before.optimizer.{kind}.{name}") in own}
    if settings["optimizer"] == "sgd":
        expected = before - rate * (settings["momentum"] * state["momentum"] + gradient)
    else:
        beta1, beta2 = settings["beta1"], settings["beta2"]
        power1, power2 = own[f"phase.{phase}.before.optimizer.beta_powers"].double()
        first = beta1 * state["first"] + (1 - beta1) * gradient
        second = beta2 * state["second"] + (1 - beta2) * gradient**2
        unbiased = first / (1 - power1 * beta1)
        expected = before - rate * unbiased / ((second / (1 - power2 * beta2)).sqrt() + settings["epsilon"])
    return relative(after, expected, max(norm(before), norm(expected)))


def main():
    step = Step(sys.argv[1])
    worst, failed = 0.0, 0
    for phase in ("reconstruction", "discriminator", "generator"):
        step.units, step.near, step.products = 0, 0, []
        loss, parameters = losses(step, phase)
        loss.backward()
        terms = term_norms(step)
        rows = [("loss", relative(step.tensors[f"phase.{phase}.loss"].double().reshape(()), loss.detach(), abs(loss.item())))]
        for name, parameter in sorted(parameters.items()):
            gradient = step.tensors.get(f"phase.{phase}.gradient.{name}")
            if gradient is None:
                continue  # the discriminator's weights in the generator phase: that phase does not change them
            rows.append((f"gradient {name}", relative(gradient.double(), parameter.grad, terms[name])))
            rows.append((f"after {name}", update_error(step, phase, name, gradient.double())))
        print(f"{phase}: loss {loss.item():.9g}; {step.near} of {step.units} units within {NEAR_ZERO:g} of zero")
        for name, error in rows:
            bad = not error < LIMIT
            failed += bad
            worst = max(worst, error)
            print(f"  {name:45s} {error:.2e}{'  <-- too far' if bad else ''}")
    print(f"worst {worst:.2e}, limit {LIMIT:g}: {'differs' if failed else 'agrees'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
