"""One step of a run, as `lockstep replay` writes it: what a replay file holds, by name, and the recipe's settings."""
import torch
import yaml
from safetensors import safe_open

# Settings that a recipe may leave out, with the paper's values (deploy/settings.md, "Keys of the variants"). The settings that every recipe has
# stand in its configuration.
USUAL = {
    "variant": "basic", "model.classes": 10, "model.clusters": 16,
    "norm.encoder": "none", "norm.heads": "none", "norm.decoder": "none", "dropout.input": 0.0, "dropout.hidden": 0.0,
    "noise.input": 0.0, "noise.discriminator": 0.0, "heads.distance": 6.0, "heads.weight": 1.0, "weights.reconstruction": 1.0,
}
UNLABELLED = 255


class Wrong(Exception):
    """The file cannot be a step of this variant."""


class Step:
    def __init__(self, path):
        with safe_open(path, framework="pt") as file:
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
            self.configuration = yaml.safe_load(file.metadata()["configuration"])
        # Names of the draws that a phase has asked for.
        self.asked = set()

    # What the recipe says.

    def setting(self, key):
        value = self.configuration
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str):
            try:
                return float(value)  # 1e-08 is a text to YAML 1.1.
            except ValueError:
                return value
        if value is not None:
            return value
        if key in USUAL:
            return USUAL[key]
        if key == "posterior.kind":
            return "gaussian" if self.variant == "vae" else "deterministic"
        raise Wrong(f"the configuration has no {key}")

    @property
    def variant(self):
        return self.setting("variant")

    # What the step was computed from.

    @property
    def has_labelled(self):
        return "input.images.labelled" in self.tensors

    def take(self, name):
        if name not in self.tensors:
            raise Wrong(f"the file has no {name}")
        return self.tensors[name]

    def images(self, suffix=""):
        """(B, pixels): 0 to 1, or standardised as the file says."""
        images = self.take(f"input.images{suffix}").double().flatten(1) / 255
        if "input.mean" not in self.tensors:
            return images
        return (images - self.take("input.mean").double()) / self.take("input.std").double()

    def labels(self, suffix=""):
        return self.take(f"input.labels{suffix}").long().flatten()

    def one_hot(self, columns, none=None):
        """The images' labels as one-hots; an image without a visible label has its 1 in the column `none`."""
        labels = self.labels()
        if none is None and (labels >= columns).any():
            raise Wrong("an image has no label, which this variant needs of each")
        known = labels if none is None else torch.where(labels == UNLABELLED, none, labels)
        return torch.nn.functional.one_hot(known, columns).double()

    def draw(self, name, columns):
        """Noise, a mask or samples of a prior: (B, columns)."""
        self.asked.add(name)
        values = self.take(name).double().flatten(1)
        if values.shape[1] != columns:
            raise Wrong(f"{name} has {values.shape[1]} columns instead of {columns}")
        return values

    # What the phases have.

    @property
    def phases(self):
        """Names of the phases that are in the file."""
        return {name.split(".")[1] for name in self.tensors if name.startswith("phase.")}

    def under(self, phase, kind):
        """The tensors `phase.PHASE.KIND.NAME`, by NAME."""
        prefix = f"phase.{phase}.{kind}."
        return {
            name[len(prefix):]: value for name, value in self.tensors.items()
            if name.startswith(prefix) and not name.startswith(prefix + "optimizer.")
        }

    def parameters(self, phase, order):
        """Every tensor of the model as it is when the phase begins, in float64, each a leaf of the autograd graph.

        A network that the phase does not change is as the last phase that changed it left it. If no earlier phase changes it, it is
        as the first later phase finds it.
        """
        place = order.index(phase)
        values = {}
        for later in reversed(order[place + 1:]):
            values |= self.under(later, "before")
        for earlier in order[:place]:
            values |= self.under(earlier, "after")
        own = self.under(phase, "before")
        for name in own:
            for earlier in order[:place]:
                if name in self.under(earlier, "after") and not torch.equal(values[name], own[name]):
                    raise Wrong(f"{phase} begins with another {name} than the phase before it ended with")
        values |= own
        return {name: value.double().clone().requires_grad_() for name, value in values.items()}
