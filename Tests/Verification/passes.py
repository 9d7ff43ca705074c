"""Dense networks in float64 with the paper's norms and dropout, and the sizes of the terms that each gradient is the sum of."""
import torch

from step import Wrong

# A unit counts as near zero below this share of the sum of its terms' absolute values.
NEAR_ZERO = 1e-5
EPSILON = 1e-5


def row_groups(step, kind, rows):
    """Which rows a norm takes together: all of the minibatch, or each shard's own."""
    shards = step.setting("shards") if kind == "shard" else 1
    cuts = [shard * rows // shards for shard in range(shards + 1)]
    return [slice(start, end) for start, end in zip(cuts, cuts[1:]) if end > start]


def group_means(x, groups):
    """(rows, columns): each row the mean of its group."""
    return torch.cat([x[group].mean(0, keepdim=True).expand(x[group].shape) for group in groups])


class Normalised:
    """One batch norm: y = gamma x^ + beta, x^ = (x - mean) / sqrt(variance + 1e-5), the variance biased."""

    def __init__(self, x, gamma, beta, groups):
        self.gamma, self.groups = gamma.detach().abs(), groups
        centred = x - group_means(x, groups)
        deviation = (group_means(centred**2, groups) + EPSILON).sqrt()
        hat = centred / deviation
        self.hat, self.deviation = hat.detach(), deviation.detach()
        self.output = gamma * hat + beta
        if self.output.requires_grad:
            self.output.retain_grad()

    def size(self, terms, beta):
        """The sum of the absolute values of y's terms, given that of x."""
        return self.gamma / self.deviation * (terms + group_means(terms, self.groups)) + beta.detach().abs()

    def terms_of_parameters(self):
        """The sums of the absolute values of the terms of the gradients of gamma and beta."""
        dy = self.output.grad.abs()
        return (dy * self.hat.abs()).sum(0), dy.sum(0)

    def terms_of_input(self):
        """The same sum for the gradient of x. It subtracts two means from y's gradient, so a bias before the norm would have no gradient."""
        dy, hat = self.output.grad.abs(), self.hat.abs()
        through = group_means(dy, self.groups) + hat * group_means(dy * hat, self.groups)
        return self.gamma / self.deviation * (dy + through)


class Pass:
    """One phase of a step: the parameters as they are in it, and every layer that it ran."""

    def __init__(self, step, phase, order):
        self.step, self.phase = step, phase
        self.parameters = step.parameters(phase, order)
        self.units, self.near = 0, 0
        self.layers = []
        # The terms of the loss, by name; the loss is their sum.
        self.losses = {}
        # By tensor: what a term that depends on no data adds to the size of the gradient.
        self.penalties = {}

    def network(self, name, x, norm="none", last="none", dropping=None, suffix=""):
        """Each layer is dense, norm, ReLU and dropout; the last one has no ReLU and no dropout.

        `dropping` is the suffix of the masks' names, None where nothing is dropped; `suffix` is that of the active units' names.
        """
        layers = sorted({int(key[len(name) + 1:].split(".")[0]) for key in self.parameters if key.startswith(f"{name}.")})
        if not layers:
            raise Wrong(f"the file has no weights of {name} for the {self.phase} phase")
        for layer in layers:
            is_hidden = layer != layers[-1]
            x, size = self.layer(f"{name}.{layer}", x, norm if is_hidden else last)
            if not is_hidden:
                continue
            x = self.rectify(x, size, f"{name}.{layer}{suffix}")
            if dropping is not None and self.step.setting("dropout.hidden") > 0:
                x = x * self.step.draw(f"dropout.{name}.{layer}{dropping}", x.shape[1])
        return x

    def layer(self, name, x, kind):
        """A dense layer with its bias or norm; and for each of its values the sum of the absolute values of its terms."""
        weight = self.parameters[f"{name}.weight"]
        if x.shape[1] != weight.shape[1]:
            raise Wrong(f"{name} takes {weight.shape[1]} columns, and the paper gives it {x.shape[1]}")
        product = x @ weight.T
        size = x.detach().abs() @ weight.detach().abs().T
        names = {key[len(name) + 1:] for key in self.parameters if key.startswith(f"{name}.")} - {"weight"}
        if names != ({"bias"} if kind == "none" else {"gamma", "beta"}):
            raise Wrong(f"{name} has {sorted(names)} beside its weight, and its norm is {kind}")
        norm = None
        if kind == "none":
            bias = self.parameters[f"{name}.bias"]
            output, size = product + bias, size + bias.detach().abs()
        else:
            gamma, beta = (self.parameters[f"{name}.{part}"] for part in ("gamma", "beta"))
            norm = Normalised(product, gamma, beta, row_groups(self.step, kind, len(x)))
            output, size = norm.output, norm.size(size, beta)
        if product.requires_grad:
            product.retain_grad()
        self.layers.append((name, x.detach(), product, norm))
        return output, size

    def rectify(self, x, size, name):
        """ReLU. A unit so near zero that float32 may give it the wrong sign takes the mask in the file."""
        own = self.step.take(f"phase.{self.phase}.active.{name}").bool()
        mine = x.detach() > 0
        if own.shape != mine.shape:
            raise Wrong(f"{self.phase}: the active units of {name} are {tuple(own.shape)} instead of {tuple(mine.shape)}")
        near = x.detach().abs() < NEAR_ZERO * size
        self.units += near.numel()
        self.near += int(near.sum())
        wrong = (mine != own) & ~near
        if wrong.any():
            raise Wrong(f"{self.phase}: {int(wrong.sum())} units of {name} have the wrong sign, far from zero")
        return x * torch.where(near, own, mine)

    def gradient_terms(self):
        """For each parameter its gradient's sums over the minibatch, every term at its absolute value."""
        sums = {name: terms.clone() for name, terms in self.penalties.items()}

        def add(name, terms):
            sums[name] = sums.get(name, 0) + terms

        for name, inputs, product, norm in self.layers:
            if product.grad is None:
                continue
            rows = product.grad.abs()
            if norm is None:
                add(f"{name}.bias", rows.sum(0))
            else:
                gamma, beta = norm.terms_of_parameters()
                add(f"{name}.gamma", gamma)
                add(f"{name}.beta", beta)
                rows = norm.terms_of_input()
            add(f"{name}.weight", rows.T @ inputs.abs())
        return sums
