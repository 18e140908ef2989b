"""The full run against fastai's stock loaders: four epochs of the shallow network, body frozen, same code otherwise.

    python -m benchmarks.full_run_speed --pets drawn --seeds 3        on a CUDA device; --pets PATH, --weights PATH as in pytest
    python -m benchmarks.full_run_speed --rehearse                    in miniature, on the CPU: shows that the script works

Three ways: fastai's `ImageDataLoaders.from_name_re(..., item_tfms=Resize(460), batch_tfms=aug_transforms(size=224))`;
photographs resized once and cropped on the device; the same in half precision with channels_last. They take turns, seed by
seed. Prints medians, the ratio to the stock loaders, the use of the GPU, and the milliseconds that each step of a batch
takes by itself. Making the cache is not counted; its seconds are told.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from contextlib import contextmanager
from statistics import mean, median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import petkata.torchvision_guard  # noqa: E402, F401  before fastai

# isort: split
import torch  # noqa: E402
from fastai.vision.all import (  # noqa: E402
    ImageDataLoaders,
    Resize,
    aug_transforms,
    default_device,
    error_rate,
    set_seed,
    to_device,
    vision_learner,
)

from petkata.full.figures import machine  # noqa: E402
from petkata.full.loading import packed_loaders  # noqa: E402
from petkata.full.running import error_of  # noqa: E402
from petkata.full.world import World, full_world, rehearsal  # noqa: E402
from petkata.pets.oxford import photographs  # noqa: E402

STEPS = ("decode or crop", "copy", "augment", "forward", "backward", "update")


def stock(world: World, seed: int):
    return ImageDataLoaders.from_name_re(
        world.folder, photographs(world.folder), pat=r"^(.+)_\d+\.jpg$", seed=seed, bs=world.batch_size, device=world.device,
        item_tfms=Resize(world.size * 460 // 224), batch_tfms=aug_transforms(size=world.size),
        num_workers=0 if world.rehearsal else None)


def resized_once(world: World, seed: int):
    return packed_loaders(world.packed, world.folder, world.size, world.batch_size, seed, world.device)


WAYS = {  # name: loaders, whether in half precision and channels_last
    "fastai's stock loaders": (stock, False),
    "resized once": (resized_once, False),
    "resized once, half precision, channels_last": (resized_once, True),
}


def learner(world: World, loaders, half: bool):
    learn = vision_learner(loaders, world.shallow, metrics=error_rate)
    return learn.to_channelslast(use_amp=True) if half else learn


def four_epochs(world: World, way: str, seed: int) -> tuple[float, float, float | None]:
    """Seconds, error, and the share of the time that the GPU was busy."""
    set_seed(seed)
    loaders, half = WAYS[way]
    learn = learner(world, loaders(world, seed), half)
    synchronize(world)
    start = time.perf_counter()
    with busy(world) as share, learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(4, world.rate)
        synchronize(world)
    return time.perf_counter() - start, error_of(learn), mean(share) if share else None


def milliseconds(world: World, way: str, batches: int) -> list[float]:
    """The median of each step of a training batch, each waited for, in one process."""
    loaders, half = WAYS[way]
    learn = learner(world, loaders(world, 1), half)
    dl, model = learn.dls.train, learn.model.to(world.device).train()
    learn.create_opt()
    dl.before_iter()
    rows, batch = [], iter(dl.create_batches(dl.get_idxs()))
    for _ in range(min(batches, len(dl) - 1)):
        row = []

        @contextmanager
        def step():
            synchronize(world)
            start = time.perf_counter()
            yield
            synchronize(world)
            row.append(1000 * (time.perf_counter() - start))

        with step():
            raw = next(batch)
        with step():
            there = to_device(raw, world.device)
        with step():
            images, breeds = dl.after_batch(there)
            if half:
                images = images.contiguous(memory_format=torch.channels_last)
        with step(), torch.autocast(world.device.type, enabled=half and world.device.type == "cuda"):
            loss = learn.loss_func(model(images), breeds)
        with step():
            loss.backward()
        with step():
            learn.opt.step()
            learn.opt.zero_grad()
        rows.append(row)
    return [median(column) for column in zip(*rows[2:] or rows)]


def synchronize(world: World) -> None:
    if world.device.type == "cuda":
        torch.cuda.synchronize()


@contextmanager
def busy(world: World):
    """Percentages of use of the GPU, as its driver tells them five times a second; none without one."""
    shares: list[float] = []
    if world.device.type != "cuda":
        yield shares
        return
    command = ["nvidia-smi", f"--id={world.device.index}", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits",
               "-lms", "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            yield shares
        finally:
            watcher.terminate()
            shares += [float(line) for line in watcher.stdout.read().split("\n") if line.strip().isdigit()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pets", help="drawn, or the folder of a local copy of the real set; downloaded unless told")
    parser.add_argument("--weights", help="folder with torchvision's files of ImageNet weights")
    parser.add_argument("--rehearse", action="store_true", help="in miniature, on the CPU")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    default_device(not options.rehearse)

    def progress(title):
        print(title, flush=True)
        return lambda done, of: None

    start = time.perf_counter()
    world = rehearsal(progress) if options.rehearse else full_world(options.pets, options.weights, progress)
    about = machine(world.device)
    print(f"{world.title}; {about['device']}, {os.cpu_count()} cores, torch {about['versions']['torch']}; "
          f"pictures and cache at hand after {time.perf_counter() - start:.0f} s")
    runs = {way: [] for way in WAYS}
    for seed in range(1, options.seeds + 1):
        for way in WAYS:
            runs[way].append(four_epochs(world, way, seed))
            print(f"seed {seed}, {way}: {runs[way][-1][0]:.1f} s, error {runs[way][-1][1]:.2%}", flush=True)
    base = median(seconds for seconds, _, _ in runs["fastai's stock loaders"])
    print(f"\n| four epochs, {options.seeds} seeds | seconds | times as fast | error | GPU busy |\n|---|---|---|---|---|")
    for way, rows in runs.items():
        seconds, errors, shares = zip(*rows)
        spread = f"{median(errors):.2%} ({min(errors):.2%} to {max(errors):.2%})"
        used = f"{median(shares):.0f}%" if shares[0] is not None else "-"
        print(f"| {way} | {median(seconds):.1f} | {base / median(seconds):.2f} | {spread} | {used} |")
    print(f"\n| milliseconds a batch of {world.batch_size}, each step by itself | " + " | ".join(STEPS) + " |")
    print("|---" * (len(STEPS) + 1) + "|")
    for way in WAYS:
        print(f"| {way} | " + " | ".join(f"{value:.1f}" for value in milliseconds(world, way, 30)) + " |", flush=True)


if __name__ == "__main__":
    main()
