#!/usr/bin/env python3
"""The likelihood recipe's model and its three phases in PyTorch, by DistributedDataParallel over Gloo: what speed is compared with.

    python3 Tests/Benchmarks/pytorch_ddp.py --minibatch 1024 --threads 2                           one process
    torchrun --nproc-per-node 2 Tests/Benchmarks/pytorch_ddp.py --minibatch 1024 --threads 1       two
    python3 Tests/Benchmarks/pytorch_ddp.py --products                                             what one core multiplies
    torchrun --nproc-per-node 2 Tests/Benchmarks/pytorch_ddp.py --all-reduce 3580000               Gloo alone

Needs torch. Rank 0 prints one line of JSON. Encoder, decoder and discriminator have two hidden layers of 1000 ReLU, the code has 8
numbers; reconstruction, discriminator and generator phases have SGD with momentum, each its own; one encoder pass serves both halves of
the regularization phase. Images are bytes in memory, as of a data set, and each minibatch is gathered and converted.
"""
import argparse
import contextlib
import json
import math
import os
import signal
import statistics
import time
from collections.abc import Callable

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

PIXELS, HIDDEN, CODE, PRIOR_STD = 784, 1000, 8, 5.0
IMAGES = 10_000
INKED = 0.2  # of an image's pixels: about what digits have
WARM_UP_STEPS, WARM_UP_SECONDS = 5, 5.0
HOOKS = {"fp16": default_hooks.fp16_compress_hook, "bf16": default_hooks.bf16_compress_hook}


def mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Reconstruction(nn.Module):
    """The loss of the reconstruction phase: half the squared error of each image."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, images: Tensor) -> Tensor:
        output = torch.sigmoid(self.decoder(self.encoder(images)))
        return 0.5 * (output.float() - images).square().sum() / len(images)


class Discrimination(nn.Module):
    """The loss of the discriminator phase. Both halves go through the discriminator at once: larger products are faster ones."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        judged = self.discriminator(torch.cat([real, fake])).float()
        return functional.softplus(-judged[: len(real)]).mean() + functional.softplus(judged[len(real) :]).mean()


class Trainer:
    """One process's replica, its images and its share of each minibatch."""

    def __init__(self, options: argparse.Namespace, rank: int, world: int) -> None:
        torch.manual_seed(1)
        self.rank, self.world = rank, world
        self.minibatch: int = options.minibatch
        self.is_bf16: bool = options.precision == "bf16"
        encoder, decoder = mlp(PIXELS, HIDDEN, HIDDEN, CODE), mlp(CODE, HIDDEN, HIDDEN, PIXELS)
        discriminator = mlp(CODE, HIDDEN, HIDDEN, 1)
        self.judge = list(discriminator.parameters())

        def made_ready(module: nn.Module) -> Callable[..., Tensor]:
            if world > 1:
                module = DistributedDataParallel(module, gradient_as_bucket_view=True, bucket_cap_mb=options.bucket_mb)
                if options.hook != "none":
                    module.register_comm_hook(None, HOOKS[options.hook])
            return torch.compile(module) if options.compile else module

        # The encoder is in two of these modules: each reduces the gradients of its own forward pass alone.
        self.reconstruction = made_ready(Reconstruction(encoder, decoder))
        self.discrimination = made_ready(Discrimination(discriminator))
        self.encode = made_ready(encoder)

        def deception(code: Tensor) -> Tensor:
            return functional.softplus(-discriminator(code).float()).mean()

        self.deception = torch.compile(deception) if options.compile else deception
        autoencoder = [*encoder.parameters(), *decoder.parameters()]
        self.parameters = autoencoder + self.judge
        self.optimizers = [
            torch.optim.SGD(autoencoder, 0.01, momentum=0.9, fused=True),
            torch.optim.SGD(self.judge, 0.1, momentum=0.1, fused=True),
            torch.optim.SGD(encoder.parameters(), 0.1, momentum=0.1, fused=True),
        ]
        ink = torch.rand(IMAGES, PIXELS) < INKED
        self.images = torch.randint(1, 256, (IMAGES, PIXELS), dtype=torch.uint8) * ink
        self.order = torch.randperm(IMAGES)
        self.position = 0
        torch.manual_seed(2 + rank)  # what is drawn from here on is each process's own

    def mine(self) -> Tensor:
        """This process's rows of the next minibatch, as floats."""
        if self.position + self.minibatch > IMAGES:
            self.position, self.order = 0, torch.randperm(IMAGES)
        first = self.position + self.minibatch * self.rank // self.world
        end = self.position + self.minibatch * (self.rank + 1) // self.world
        self.position += self.minibatch
        return self.images[self.order[first:end]].float().mul_(1 / 255)

    def precision(self) -> contextlib.AbstractContextManager[object]:
        """Entered anew for each forward pass: it keeps the weights that it has converted, and they change from phase to phase."""
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.is_bf16 else contextlib.nullcontext()

    def update(self, phase: int, loss: Tensor) -> None:
        self.optimizers[phase].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[phase].step()

    def step(self) -> list[Tensor]:
        images = self.mine()
        with self.precision():
            reconstruction = self.reconstruction(images)
        self.update(0, reconstruction)
        with self.precision():
            code = self.encode(images).float()
            discrimination = self.discrimination(PRIOR_STD * torch.randn_like(code), code.detach())
        self.update(1, discrimination)
        for parameter in self.judge:
            parameter.requires_grad_(False)
        with self.precision():
            deception = self.deception(code)
        self.update(2, deception)
        for parameter in self.judge:
            parameter.requires_grad_(True)
        return [reconstruction.detach(), discrimination.detach(), deception.detach()]

    def is_replica(self) -> bool:
        """Whether the processes still have the same model, as they must if every phase's gradients were averaged."""
        own = torch.stack([parameter.detach().double().sum() for parameter in self.parameters])
        rank_0 = own.clone()
        if self.world > 1:
            distributed.broadcast(rank_0, 0)
        return torch.equal(own, rank_0)


def agreed(value: float, world: int) -> float:
    """Rank 0's value: what a stopwatch decides must be the same in every process."""
    if world == 1:
        return value
    box = torch.tensor([value], dtype=torch.float64)
    distributed.broadcast(box, 0)
    return float(box)


def repeat(body: Callable[[], object], seconds: float, world: int) -> list[float]:
    """Runs `body` for about `seconds` after a warm-up, equally often in every process; returns the seconds of each time."""
    begin = last = time.perf_counter()
    for _ in range(WARM_UP_STEPS):
        last = time.perf_counter()
        body()
        if agreed(time.perf_counter() - begin, world) > WARM_UP_SECONDS:
            break
    count = max(1, math.ceil(agreed(seconds / (time.perf_counter() - last), world)))
    times = []
    while count > 0:
        for _ in range(count):
            start = time.perf_counter()
            body()
            times.append(time.perf_counter() - start)
        # The warm-up's last time may have been a slow one.
        left = agreed(seconds - sum(times), world)
        count = math.ceil(left / statistics.median(times)) if left > 0.2 * seconds else 0
        count = int(agreed(count, world))
    return times


def train(options: argparse.Namespace, rank: int, world: int) -> dict[str, object]:
    trainer = Trainer(options, rank, world)
    losses: list[Tensor] = []

    def step() -> None:
        losses[:] = trainer.step()

    times = repeat(step, options.seconds, world)
    last = [round(float(loss), 4) for loss in losses]
    if not all(map(math.isfinite, last)):
        raise SystemExit(f"pytorch_ddp.py: losses {last} after {len(times)} steps: numbers that are not finite take other times")
    if not trainer.is_replica():
        raise SystemExit(f"pytorch_ddp.py: the model of process {rank} is not that of process 0")
    return {"samples_per_second": len(times) * options.minibatch / sum(times), "steps": len(times), "seconds": sum(times), "losses": last}


def all_reduce(options: argparse.Namespace, rank: int, world: int) -> dict[str, object]:
    buffer = torch.zeros(options.all_reduce)
    times = repeat(lambda: distributed.all_reduce(buffer), options.seconds, world)
    return {"milliseconds": 1e3 * statistics.median(times), "times": len(times), "seconds": sum(times)}


def products(options: argparse.Namespace) -> dict[str, object]:
    """GFLOP/s of the best of many products of 1024 rows with a layer of 1024 x 1024, one thread."""
    size = 1024

    def best(kind: torch.dtype) -> float:
        x, w = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
        with torch.inference_mode():
            return 2e-9 * size**3 / min(repeat(lambda: functional.linear(x, w), options.seconds, 1))

    level = torch.backends.cpu.get_cpu_capability()
    return {"torch": torch.__version__, "level": level, "fp32": best(torch.float32), "bf16": best(torch.bfloat16)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minibatch", type=int, default=1024, help="over all processes")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--cores", help="where this process's threads compute, as 0,1; those of Gloo go where they like")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: torch.autocast, with weights in fp32")
    parser.add_argument("--compile", action="store_true", help="by torch.compile")
    parser.add_argument("--bucket-mb", type=float, default=25, help="of DistributedDataParallel; 25 is its default")
    parser.add_argument("--hook", choices=["none", *HOOKS], default="none", help="gradients on the wire")
    parser.add_argument("--seconds", type=float, default=10, help="how long to measure, after a warm-up")
    parser.add_argument("--limit", type=int, default=600, help="seconds after which the process ends itself")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all-reduce", type=int, metavar="ELEMENTS", help="time Gloo's sum of so many floats instead")
    what.add_argument("--products", action="store_true", help="time products instead")
    options = parser.parse_args()
    signal.alarm(options.limit)
    torch.set_num_threads(options.threads)
    # As torchrun sets them.
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        distributed.init_process_group("gloo", rank=rank, world_size=world)
    if options.cores:
        # For this thread and those that it starts from here on: Gloo's threads have already begun.
        os.sched_setaffinity(0, [int(core) for core in options.cores.split(",")])
    if options.products:
        result = products(options)
    elif options.all_reduce:
        result = all_reduce(options, rank, world)
    else:
        result = train(options, rank, world)
    if rank == 0:
        print(json.dumps(result), flush=True)
    if world > 1:
        distributed.barrier()
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
