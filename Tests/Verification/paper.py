"""The paper's variants (Makhzani et al., arXiv 1511.05644): each phase's loss, written down from its section for autograd."""
import math
from functools import cached_property

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from step import Wrong

RECONSTRUCTION, DISCRIMINATOR, GENERATOR, CLASSIFICATION = "reconstruction", "discriminator", "generator", "classification"


# What the variants have in common.


class Encoded:
    """The encoder's output for a minibatch: logits of labels or clusters, and the code, or its posterior and a sample of that."""

    def __init__(self, run, output, labels, suffix):
        self.run, self.suffix = run, suffix
        self.logits, self.head = output[:, :labels], output[:, labels:]
        self.width = run.step.setting("model.code")

    @property
    def mean(self):
        return self.head[:, :self.width]

    @property
    def log_variance(self):
        return self.head[:, self.width:]

    @cached_property
    def code(self):
        if self.run.step.setting("posterior.kind") != "gaussian":
            return self.head
        noise = self.run.step.draw(f"noise.posterior{self.suffix}", self.width)
        return self.mean + (self.log_variance / 2).exp() * noise


def encode(run, labels=0, suffix=""):
    """Runs the encoder on images, corrupted as in training. All phases of a step share one draw; the labelled minibatch has its own."""
    step = run.step
    x = step.images(suffix)
    pixels = x.shape[1]
    if step.setting("noise.input") > 0:
        x = x + step.draw(f"noise.input{suffix}", pixels)
    if step.setting("dropout.input") > 0:
        x = x * step.draw(f"dropout.input{suffix}", pixels)
    if step.setting("posterior.kind") == "universal":
        x = torch.cat([x, step.draw(f"noise.posterior{suffix}", step.setting("posterior.width"))], 1)
    output = run.network("encoder", x, step.setting("norm.encoder"), step.setting("norm.heads"), dropping=suffix)
    return Encoded(run, output, labels, suffix)


def decode(run, seen):
    """Logits of images."""
    return run.network("decoder", seen, run.step.setting("norm.decoder"), dropping="")


def made(run, logits):
    return torch.sigmoid(logits) if run.step.setting("model.output") == "sigmoid" else logits


def reconstruct(run, seen):
    """Half the squared error or the Bernoulli cross-entropy, against clean images: summed over pixels, mean over the minibatch."""
    logits, target = decode(run, seen), run.step.images()
    if run.step.setting("cost") == "cross-entropy":
        cost = binary_cross_entropy_with_logits(logits, target, reduction="sum")
    else:
        cost = ((made(run, logits) - target) ** 2).sum() / 2
    run.losses["reconstruction"] = run.step.setting("weights.reconstruction") * cost / len(target)


def judge(run, part, value, which, beside=None, suffix=""):
    """The logits of `part`'s discriminator for a value. Its noise is added to the value, before `beside` is appended."""
    if run.step.setting("noise.discriminator") > 0:
        value = value + run.step.draw(f"noise.discriminator.{part}.{which}", value.shape[1])
    if beside is not None:
        value = torch.cat([value, beside], 1)
    return run.network(f"discriminator.{part}", value, suffix=suffix)


def tell(run, part, real, fake, beside=None):
    """-log D(real) - log(1 - D(fake)), each term a mean over the minibatch."""
    on_real = judge(run, part, real, "real", beside, ".real")
    on_fake = judge(run, part, fake.detach(), "fake", beside, ".fake")
    run.losses[part] = -logsigmoid(on_real).mean() - logsigmoid(-on_fake).mean()


def fool(run, part, fake, beside=None):
    """-log D(fake), a mean over the minibatch."""
    run.losses[part] = -logsigmoid(judge(run, part, fake, "fake", beside)).mean()


# A variant: which networks each phase changes, and `terms(run)`, which computes the losses of the phase that runs.


class Basic:
    """Section 2."""
    discriminators = ["code"]
    further = []

    def __init__(self, step):
        self.step = step

    @property
    def changes(self):
        adversaries = [f"discriminator.{part}" for part in self.discriminators]
        return {RECONSTRUCTION: ["encoder", "decoder"] + self.further, DISCRIMINATOR: adversaries, GENERATOR: ["encoder"]}

    def beside(self):
        """What the discriminator sees beside a code."""
        return None

    def seen(self, encoded):
        """What the decoder sees."""
        return encoded.code

    def terms(self, run):
        encoded = encode(run)
        if run.phase == RECONSTRUCTION:
            reconstruct(run, self.seen(encoded))
        elif run.phase == DISCRIMINATOR:
            tell(run, "code", self.step.draw("prior.code", encoded.code.shape[1]), encoded.code, self.beside())
        else:
            fool(run, "code", encoded.code, self.beside())


class LabelInformed(Basic):
    """Section 2.3: the discriminator also sees the class, or that there is none."""

    def beside(self):
        classes = self.step.setting("model.classes")
        return self.step.one_hot(classes + 1, none=classes)


class Supervised(Basic):
    """Section 4: the decoder is told the class."""

    def seen(self, encoded):
        return torch.cat([self.step.one_hot(self.step.setting("model.classes")), encoded.code], 1)


class VAE(Basic):
    """Section 2.1: equation 2 with no adversary, reconstruction - entropy of q(z|x) + cross-entropy of q(z|x) with p(z)."""
    changes = {RECONSTRUCTION: ["encoder", "decoder"]}

    def terms(self, run):
        encoded = encode(run)
        reconstruct(run, encoded.code)
        entropy = 0.5 * (encoded.log_variance + math.log(2 * math.pi) + 1)
        run.losses["negative_entropy"] = -entropy.sum(1).mean()
        prior = self.step.setting("prior.kind")
        if prior == "gaussian":
            # The mean of -log N(z; 0, s^2) under N(mu, sigma^2).
            s = self.step.setting("prior.std")
            energy = (encoded.mean**2 + encoded.log_variance.exp()) / (2 * s**2) + math.log(s) + math.log(2 * math.pi) / 2
            run.losses["cross_entropy"] = energy.sum(1).mean()
        elif prior == "mixture":
            run.losses["cross_entropy"] = -self.petals(encoded.code).mean()
        else:
            raise Wrong(f"a {prior} prior has no density that a VAE could use")

    def petals(self, code):
        """log p(z) of a mixture of petals, equally likely."""
        count, radial, tangential, distance = (
            self.step.setting(f"prior.{key}") for key in ("components", "radial", "tangential", "distance"))
        turn = 2 * math.pi * torch.arange(count) / count
        along = code[:, :1] * turn.cos() + code[:, 1:] * turn.sin() - distance
        across = code[:, 1:] * turn.cos() - code[:, :1] * turn.sin()
        exponents = -0.5 * ((along / radial) ** 2 + (across / tangential) ** 2)
        return torch.logsumexp(exponents, 1) - math.log(count * 2 * math.pi * radial * tangential)


class GAN(Basic):
    """Table 1's comparator: the decoder makes images from samples of the prior."""
    changes = {DISCRIMINATOR: ["discriminator.image"], GENERATOR: ["decoder"]}

    def terms(self, run):
        fake = made(run, decode(run, self.step.draw("prior.code", self.step.setting("model.code"))))
        if run.phase == DISCRIMINATOR:
            tell(run, "image", self.step.images(), fake)
        else:
            fool(run, "image", fake)


class SemiSupervised(Basic):
    """Section 5: label and style, an adversary each; the encoder takes one generator step on the sum of both."""
    discriminators = ["label", "style"]

    @property
    def has_labelled(self):
        return True

    @property
    def labels(self):
        return self.step.setting("model.classes")

    @property
    def changes(self):
        return Basic.changes.fget(self) | ({CLASSIFICATION: ["encoder"]} if self.has_labelled else {})

    def seen_of(self, run, label, style):
        return torch.cat([label, style], 1)

    def terms(self, run):
        if run.phase == CLASSIFICATION:
            logits = encode(run, self.labels, ".labelled").logits
            run.losses["classification"] = cross_entropy(logits, self.step.labels(".labelled"))
            return
        encoded = encode(run, self.labels)
        label, style = torch.softmax(encoded.logits, 1), encoded.code
        if run.phase == RECONSTRUCTION:
            reconstruct(run, self.seen_of(run, label, style))
        elif run.phase == DISCRIMINATOR:
            tell(run, "label", self.step.draw("prior.label", self.labels), label)
            tell(run, "style", self.step.draw("prior.style", style.shape[1]), style)
        else:
            fool(run, "label", label)
            fool(run, "style", style)


class Clustering(SemiSupervised):
    """Section 6: as semi-supervised, but without labels, and with a softmax over any number of clusters."""
    has_labelled = False

    @property
    def labels(self):
        return self.step.setting("model.clusters")


class Reduction(SemiSupervised):
    """Section 7: the decoder sees only W_C y + z. Heads that are too near each other cost the missing distance, once a step."""
    further = ["heads"]

    @property
    def has_labelled(self):
        return self.step.has_labelled

    @property
    def labels(self):
        return self.step.setting("model.classes" if self.has_labelled else "model.clusters")

    def seen_of(self, run, label, style):
        heads = run.parameters["heads.0.weight"]
        head = label @ heads.T
        if head.shape[1] != style.shape[1]:
            raise Wrong(f"a head has {head.shape[1]} columns, a style {style.shape[1]}")
        if head.requires_grad:
            head.retain_grad()
        run.layers.append(("heads.0", label.detach(), head, None))
        self.keep_apart(run, heads)
        return head + style

    def keep_apart(self, run, heads):
        weight, distance = self.step.setting("heads.weight"), self.step.setting("heads.distance")
        one, other = torch.triu_indices(heads.shape[1], heads.shape[1], 1)
        difference = heads.T[one] - heads.T[other]
        lengths = torch.linalg.vector_norm(difference, dim=1)
        run.losses["heads"] = weight * torch.relu(distance - lengths).sum()
        # Each near pair pulls at both its heads by a vector of length 1.
        pulls = (weight * (lengths < distance) / lengths.clamp(min=1e-30)).detach()[:, None] * difference.detach().abs()
        sizes = torch.zeros(heads.T.shape).index_add(0, one, pulls).index_add(0, other, pulls)
        run.penalties["heads.0.weight"] = sizes.T


VARIANTS = {
    "basic": Basic, "vae": VAE, "gan": GAN, "label-informed": LabelInformed, "supervised": Supervised,
    "semi-supervised": SemiSupervised, "clustering": Clustering, "reduction": Reduction,
}
