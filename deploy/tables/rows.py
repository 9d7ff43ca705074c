"""The rows of the paper's tables: what is trained, what is measured on it, and what others report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """Runs of one recipe that differ in their seeds."""
    recipe: str
    seeds: tuple[int, ...]
    # Settings that get the seed's value too, for example the one that chooses which images have labels.
    linked: tuple[str, ...] = ()

    @property
    def vary(self) -> str:
        return ",".join(("seed",) + self.linked) + "=" + ",".join(str(seed) for seed in self.seeds)


@dataclass(frozen=True)
class Figure:
    """One number of an evaluation."""
    # The figure's name where a row has several; None where the row's title says it.
    name: str | None
    # Its place in evaluation.json: the keys that lead to it, joined by dots.
    path: str
    percent: bool = False
    paper: str = ""
    public: str = ""
    # The index of the row's training that it is measured on.
    training: int = 0


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    trainings: tuple[Training, ...]
    figures: tuple[Figure, ...]
    # Arguments of `lockstep evaluate`.
    evaluation: tuple[str, ...]
    # Another row whose runs are used here: one of its seeds or all.
    runs_of: str | None = None
    # The number of parts of the evaluation: one that takes an hour is divided, so that it can continue after a stop.
    parts: int = 1
    # A data set that may not be redistributed; without its files the row only says that it needs them.
    needs: str | None = None


def semi(name: str, title: str, seeds: tuple[int, ...], paper: str, public: str = "", linked: bool = True) -> Row:
    training = Training(f"best/{name.replace('semi', 'semi-mnist')}", seeds, ("labels.seed",) if linked else ())
    figure = Figure(None, "classification.error", percent=True, paper=paper, public=public)
    return Row(name, title, (training,), (figure,), ("--only", "classification"))


def clustering(clusters: int, paper: str) -> Row:
    return Row(
        f"clustering-{clusters}", f"clustering, {clusters} clusters: error",
        (Training(f"best/clustering-mnist-{clusters}", (1, 2, 3)),),
        (
            Figure("by the most certain validation image", "clustering.paper", percent=True, paper=paper),
            Figure("by majority", "clustering.majority", percent=True),
        ),
        ("--only", "clustering"))


def reduction(name: str, title: str, paper: str, linked: bool) -> Row:
    return Row(
        f"reduction-{name}", title, (Training(f"best/reduction-mnist-{name}", (1,), ("labels.seed",) if linked else ()),),
        (Figure(None, "reduction.error", percent=True, paper=paper),), ("--only", "reduction"))


def figure_2() -> Row:
    kinds = [(prior, model) for prior in ("gaussian", "mixture") for model in ("AAE", "VAE")]
    trainings = tuple(
        Training(f"best/figure-2-{'vae-' if model == 'VAE' else ''}{prior}", (1,)) for prior, model in kinds)
    figures = tuple(
        Figure(f"{prior}, {model}: {words}", path, percent=path == "codes.holes", training=index)
        for index, (prior, model) in enumerate(kinds)
        for words, path in (("holes", "codes.holes"), ("energy distance", "codes.energy_distance")))
    return Row("figure-2", "codes of an AAE and of a VAE under two priors (figure 2)", trainings, figures, ("--only", "codes"))


LIKELIHOOD = Training("best/likelihood-mnist", (1, 2))

ROWS = (
    semi("semi-100", "100 labels: test error", (1, 2, 3), "1.90 ± 0.10 %", "about 5 %"),
    semi("semi-1000", "1,000 labels: test error", (1, 2), "1.60 ± 0.08 %"),
    semi("semi-all", "all labels: test error", (1, 2), "0.85 ± 0.02 %", linked=False),
    Row(
        "parzen-10k", "Parzen window, 10,000 samples: nats", (LIKELIHOOD,),
        (Figure(None, "parzen.nats", paper="340 ± 2", public="377.5 ± 3.6"),), ("--only", "parzen", "--samples", "10000")),
    Row(
        "parzen-data", "Parzen window, 10,000 images in the samples' place: nats", (Training(LIKELIHOOD.recipe, (1,)),),
        (
            Figure("training images", "parzen.calibration.training_images.nats"),
            Figure("k-means centres of training images", "parzen.calibration.centres.nats"),
        ),
        ("--only", "calibration"), runs_of="parzen-10k"),
    Row(
        "parzen-10m", "Parzen window, 10,000,000 samples of the first of these models: nats", (Training(LIKELIHOOD.recipe, (1,)),),
        (Figure(None, "parzen.nats", paper="427"),), ("--only", "parzen", "--samples", "10000000"), runs_of="parzen-10k", parts=8),
    clustering(16, "9.55 ± 2.05 %"),
    clustering(30, "4.10 ± 1.13 %"),
    reduction("100", "reduction to the plane, 100 labels: error", "6.08 %", linked=True),
    reduction("1000", "reduction to the plane, 1,000 labels: error", "4.20 %", linked=True),
    reduction("20-clusters", "reduction to the plane, 20 clusters, no labels: error", "13.95 %", linked=False),
    Row(
        "label-informed", "10,000 labels on ten petals (figure 4)", (Training("best/figure-4-mixture", (1,), ("labels.seed",)),),
        (
            Figure("codes in another class's petal", "nearest_component.error", percent=True),
            Figure("the prior's own samples there", "nearest_component.floor", percent=True),
            Figure("correlation of slants from petal to petal", "style.correlation"),
        ),
        ("--only", "nearest_component,style")),
    figure_2(),
    Row(
        "gan", "a GAN of the same shape, Parzen window, 10,000 samples: nats", (Training("best/gan-mnist", (1,)),),
        (Figure(None, "parzen.nats", paper="225 ± 2"),), ("--only", "parzen", "--samples", "10000")),
    Row(
        "semi-svhn-1000", "SVHN, 1,000 labels: test error", (Training("paper/semi-svhn-1000", (1,), ("labels.seed",)),),
        (Figure(None, "classification.error", percent=True, paper="17.70 ± 0.30 %"),), ("--only", "classification"), needs="svhn"),
    Row(
        "parzen-tfd", "TFD, Parzen window, 10,000 samples: nats", (Training("paper/likelihood-tfd", (1,)),),
        (Figure(None, "parzen.nats", paper="2252 ± 16"),), ("--only", "parzen", "--samples", "10000"), needs="tfd"),
)
