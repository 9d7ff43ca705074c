#!/usr/bin/env python3
"""The same model and phases in PyTorch, with DistributedDataParallel's averaging over Gloo: what to compare speed with.

    python3 Tests/Verification/pytorch_ddp.py --minibatch 1024 --workers 2      (one thread each)

Needs torch. Prints samples a second. Encoder, decoder and discriminator of two hidden layers of 1000 ReLU, code 8, fp32;
reconstruction, discriminator and generator steps with SGD and momentum, one encoder pass for both halves of the
regularization phase.
"""
import argparse
import os
import time

import torch
import torch.distributed as distributed
import torch.multiprocessing as processes
from torch import nn
from torch.nn import functional


def mlp(*widths):
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Linear(inputs, outputs))
        if index < len(widths) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def average(parameters, workers):
    """One all-reduce of a phase's gradients as one flat buffer."""
    if workers == 1:
        return
    gradients = [parameter.grad for parameter in parameters]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= workers
    offset = 0
    for gradient in gradients:
        gradient.copy_(flat[offset:offset + gradient.numel()].view_as(gradient))
        offset += gradient.numel()


def train(rank, options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(rank)
    if options.workers > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(options.port))
        distributed.init_process_group("gloo", rank=rank, world_size=options.workers)
    rows = options.minibatch // options.workers
    encoder, decoder, discriminator = mlp(784, 1000, 1000, 8), mlp(8, 1000, 1000, 784), mlp(8, 1000, 1000, 1)
    code_parameters = list(encoder.parameters())
    autoencoder = code_parameters + list(decoder.parameters())
    judge = list(discriminator.parameters())
    optimizers = [
        torch.optim.SGD(autoencoder, 0.01, momentum=0.9), torch.optim.SGD(judge, 0.1, momentum=0.1),
        torch.optim.SGD(code_parameters, 0.1, momentum=0.1),
    ]
    images = torch.rand(rows, 784)

    def step():
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        output = torch.sigmoid(decoder(encoder(images)))
        (0.5 * ((output - images) ** 2).sum() / rows).backward()
        average(autoencoder, options.workers)
        optimizers[0].step()
        code = encoder(images)
        real = discriminator(5 * torch.randn(rows, 8))
        fake = discriminator(code.detach())
        optimizers[1].zero_grad(set_to_none=True)
        (functional.softplus(-real).mean() + functional.softplus(fake).mean()).backward()
        average(judge, options.workers)
        optimizers[1].step()
        for parameter in judge:
            parameter.requires_grad_(False)
        optimizers[2].zero_grad(set_to_none=True)
        functional.softplus(-discriminator(code)).mean().backward()
        average(code_parameters, options.workers)
        optimizers[2].step()
        for parameter in judge:
            parameter.requires_grad_(True)

    for _ in range(5):
        step()
    if options.workers > 1:
        distributed.barrier()
    start = time.perf_counter()
    for _ in range(options.steps):
        step()
    if options.workers > 1:
        distributed.barrier()
    seconds = time.perf_counter() - start
    if rank == 0:
        print(f"{options.workers} processes, {options.threads} thread(s) each, minibatch {options.minibatch}: "
              f"{options.steps * options.minibatch / seconds:.0f} samples/s")
    if options.workers > 1:
        distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minibatch", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--port", type=int, default=29561)
    options = parser.parse_args()
    if options.workers == 1:
        train(0, options)
    else:
        processes.spawn(train, args=(options,), nprocs=options.workers)


if __name__ == "__main__":
    main()
