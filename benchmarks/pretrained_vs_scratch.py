"""Four epochs on the tiny pets: a pretrained petnet with its body frozen against the same net from scratch.

    python -m benchmarks.pretrained_vs_scratch --seeds 10 --arch petnet10

Each seed has its own split (80/20), first weights and order of pictures, the same for both. Prints error and
seconds (validation included, one thread) of each, their medians and spread, and the ratios.
"""
import argparse
import time
from statistics import median

import petkata.torchvision_guard  # noqa: F401  before fastai

# isort: split
import torch
from fastai.vision.all import ImageDataLoaders, error_rate, get_image_files, set_seed, vision_learner

from petkata import nets
from petkata.pets.tiny import tiny_pets


def breed(path):
    return path.name.rpartition("_")[0]


def four_epochs(arch, seed, batch_size, pretrained):
    """Error rate and seconds of one run."""
    set_seed(seed, reproducible=True)
    files = get_image_files(tiny_pets() / "images")
    dls = ImageDataLoaders.from_path_func(
        ".", files, breed, valid_pct=0.2, seed=seed, bs=batch_size, num_workers=0)
    learn = vision_learner(dls, arch, metrics=error_rate, pretrained=pretrained)
    start = time.perf_counter()
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(4)
    return learn.recorder.values[-1][-1], time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--arch", choices=["petnet10", "petnet18", "petnet26"], default="petnet10")
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    torch.set_num_threads(1)
    arch = getattr(nets, options.arch)

    print(f"{options.arch}, four epochs, batches of {options.batch_size}; error and seconds")
    print("seed   pretrained      scratch")
    runs = []
    for seed in range(options.seeds):
        pair = [four_epochs(arch, seed, options.batch_size, pretrained) for pretrained in (True, False)]
        runs.append(pair)
        print(f"{seed:4}" + "".join(f"   {error:5.1%} {spent:4.1f} s" for error, spent in pair), flush=True)
    errors, times = ([[run[way][what] for run in runs] for way in (0, 1)] for what in (0, 1))
    for say, of in (("median", median), ("lowest", min), ("highest", max)):
        print(f"{say:8}" + "   ".join(f"{of(errors[way]):5.1%} {of(times[way]):4.1f} s" for way in (0, 1)))
    print(f"ratio of the medians, scratch to pretrained: error {median(errors[1]) / median(errors[0]):.1f}, "
          f"time {median(times[1]) / median(times[0]):.2f}")


if __name__ == "__main__":
    main()
