"""Make the weights of the petnets again: `python -m petkata.nets.pretrain [petnet10 ...]`.

Each net learns to tell imaginary animals apart, none of them one of the 37 breeds. The pictures are drawn
once into a cache; drawing and training go on where they were interrupted. The same seed gives the same
pictures everywhere, and on another machine weights that are as good, but not equal to the last digit.

`python -m petkata.nets.pretrain resnet34 resnet50 --size 224` does the same for the full run on the drawn set. It
needs a GPU; those weights stay in the user's cache.
"""
import argparse
import math
import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import petkata.torchvision_guard  # noqa: F401  before torchvision
from petkata.nets import petnet, resnets
from petkata.pets.drawing import draw
from petkata.pets.imaginary import imaginary_look
from petkata.pets.made import cache_folder, write_atomically
from petkata.pets.tiny import drawing_version

PETNETS = ("petnet10", "petnet18", "petnet26")
HELD_OUT = 2  # pictures of each animal that are kept for measuring
BATCH = 128
TOP_RATE = 4e-3
WEIGHT_DECAY = 0.05


def drawn_animal(animal: int, n: int, seed: int, size: int) -> np.ndarray:
    """`n` pictures of one imaginary animal: uint8 (n, size, size, 3)."""
    look = imaginary_look(animal)
    first = (seed * petnet.N_ANIMALS + animal) * n
    return np.stack([draw(look, first + i, size).pixels for i in range(n)])


def drawn_task(task):
    return task[0], drawn_animal(*task)


def pictures(cache: Path, n: int, seed: int, size: int, processes: int) -> np.ndarray:
    """All pictures, uint8 (animals, n, size, size, 3), from the cache or drawn into it."""
    path = cache / f"imaginary-{drawing_version()}-{petnet.N_ANIMALS}x{n}x{size}-seed{seed}.npy"
    part = path.with_suffix(".part.npy")
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        shape = (petnet.N_ANIMALS, n, size, size, 3)
        drawn = np.lib.format.open_memmap(part, "r+" if part.exists() else "w+", np.uint8, shape)
        # An animal is copied front to back: when its last picture is not black, all of it is there.
        todo = [(animal, n, seed, size) for animal in range(len(drawn)) if not drawn[animal, -1].any()]
        clock = Clock(len(todo))
        with get_context("spawn").Pool(processes) as pool:
            for done, (animal, its_pictures) in enumerate(pool.imap_unordered(drawn_task, todo), start=1):
                drawn[animal] = its_pictures
                if sys.stdout.isatty() or done % 100 == 0:
                    end = " " if sys.stdout.isatty() and done < len(todo) else "\n"
                    print(f"\rdrew {done} of {len(todo)} animals, {clock.left(done)} left", end=end, flush=True)
        drawn.flush()
        os.replace(part, path)
    return np.load(path, mmap_mode="c")


class Clock:
    """Says how much time a loop of `total` steps still needs."""

    def __init__(self, total: int):
        self.total, self.start = total, time.monotonic()

    def left(self, done: int) -> str:
        seconds = (time.monotonic() - self.start) / done * (self.total - done)
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, from 0 to 1, over pictures uint8 (animals, n, H, W, 3)."""
    pixels = images.reshape(-1, 3)
    total, squares = np.zeros(3), np.zeros(3)
    for start in range(0, len(pixels), 2**22):
        part = pixels[start : start + 2**22] / 255
        total, squares = total + part.sum(0), squares + (part**2).sum(0)
    mean = total / len(pixels)
    return mean.round(4).tolist(), np.sqrt(squares / len(pixels) - mean**2).round(4).tolist()


def as_batch(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, H, W, 3) to float (N, 3, H, W) from 0 to 1, in the memory order that the net likes."""
    return images.permute(0, 3, 1, 2).float() / 255


def normalized(x: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(values, device=x.device).view(1, 3, 1, 1) for values in petnet.STATS)
    return (x - mean) / std


def varied(x: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Each picture a little turned, shifted, zoomed, lighter or darker, half of them mirrored: same shape.

    Grain, tint and blur are left out: they are the camera's, and new to the net when it meets the pets.
    """
    n = len(x)

    def between(low, high, *shape):
        return low + (high - low) * torch.rand(n, *shape, generator=dice, device=x.device)

    angle, zoom = between(-0.2, 0.2), between(0.8, 1.1)
    mirror = torch.where(between(0, 1) < 0.5, -1.0, 1.0)
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    across = torch.stack([mirror * cos, -sin, between(-0.12, 0.12)], 1)
    down = torch.stack([mirror * sin, cos, between(-0.12, 0.12)], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)

    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * between(0.75, 1.3, 1, 1, 1) + between(-0.12, 0.12, 1, 1, 1)
    return x.clamp(0, 1)


def train(net: nn.Module, images: torch.Tensor, epochs: int, seed: int, checkpoint: Path, half: bool) -> None:
    """Train `net` on pictures uint8 (animals, n, H, W, 3), going on from `checkpoint` when it stands. Both are on the
    same device."""
    device = images.device
    per_animal = images.shape[1] - HELD_OUT
    n = len(images) * per_animal
    steps = n // BATCH
    weights = [p for p in net.parameters() if p.ndim > 1]
    the_rest = [p for p in net.parameters() if p.ndim == 1]  # BatchNorm and biases: not pulled towards zero
    optimizer = torch.optim.AdamW([
        {"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": the_rest, "weight_decay": 0.0},
    ])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, TOP_RATE, epochs * steps, pct_start=0.2)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        done = state["epoch"]
        print(f"going on after epoch {done}")
    clock = Clock(epochs - done)
    for epoch in range(done, epochs):
        dice = torch.Generator(device).manual_seed(seed * 10_000 + epoch)
        order = torch.randperm(n, generator=dice, device=device)
        net.train()
        total = torch.zeros((), device=device)
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            animal, picture = chosen // per_animal, chosen % per_animal
            x = normalized(varied(as_batch(images[animal, picture]), dice))
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = net(x)
            loss = F.cross_entropy(logits.float(), animal, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
        if not math.isfinite(total):
            raise SystemExit(f"The loss is {total} in epoch {epoch + 1}: the learning rate is too high.")
        state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(),
                 "schedule": schedule.state_dict(), "epoch": epoch + 1}
        write_atomically(checkpoint, lambda path: torch.save(state, path))
        error, left = held_out_error(net, images), clock.left(epoch + 1 - done)
        print(f"epoch {epoch + 1} of {epochs}, loss {total / steps:.3f}, ", end="")
        print(f"held-out error {error:.1%}, {left} left", flush=True)


@torch.no_grad()
def held_out_error(net: nn.Module, images: torch.Tensor) -> float:
    """Error rate on the pictures that the training did not see."""
    net.eval()
    wrong = 0
    for picture in range(images.shape[1] - HELD_OUT, images.shape[1]):
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH, picture]
            animals = torch.arange(start, start + len(batch), device=images.device)
            wrong += (net(normalized(as_batch(batch))).argmax(1) != animals).sum().item()
    return wrong / (HELD_OUT * len(images))


def save_weights(net: nn.Module, path: Path) -> None:
    """The numbers of `net` in 16 bits, as safetensors."""
    from safetensors.torch import save

    state = {name: t.half() if t.is_floating_point() else t for name, t in net.state_dict().items()}
    write_atomically(path, lambda beside: beside.write_bytes(save(state)))


def main():
    about = __doc__.split("\n\n")[0]
    names = [*PETNETS, *resnets.NAMES]
    parser = argparse.ArgumentParser(prog="python -m petkata.nets.pretrain", description=about)
    parser.add_argument("nets", nargs="*", help=f"some of {', '.join(names)}; all petnets unless told")
    parser.add_argument("--pictures", type=int, default=60, help="of each imaginary animal; %(default)s")
    parser.add_argument("--size", type=int, default=64, help="of a picture in pixels, 48 to 512; %(default)s")
    parser.add_argument("--epochs", type=int, default=8, help="%(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random; %(default)s")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that draw; %(default)s")
    parser.add_argument("--half", action="store_true", help="train in bfloat16: faster where the device has it")
    parser.add_argument("--device", help="cpu or cuda; cpu for petnets, else cuda where there is one")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "pretrain", help="%(default)s")
    parser.add_argument("--weights", type=Path, help="folder to write to; petnets go into the package unless told")
    options = parser.parse_args()
    for name in options.nets:
        if name not in names:
            parser.error(f"there is no {name}, but {', '.join(names)}")

    torch.set_num_threads(1)  # such small layers gain nothing from more
    images = pictures(options.cache, options.pictures, options.seed, options.size, options.processes)
    mean, std = statistics(images) if options.size == 64 else petnet.STATS
    if not np.allclose([mean, std], petnet.STATS, atol=2e-3):
        raise SystemExit(f"STATS in {petnet.__file__} must be {(mean, std)}, as the pictures have them.")
    for name in options.nets or PETNETS:
        pretrain(name, images, options)


def pretrain(name: str, images: np.ndarray, options: argparse.Namespace) -> None:
    """Train one net on all pictures and write its weights."""
    start = time.monotonic()
    torch.manual_seed(options.seed)
    if name in PETNETS:
        net, target = getattr(petnet, name)(weights=None), petnet.WEIGHTS / f"{name}.safetensors"
    else:
        net, target = resnets.bare(name), resnets.imaginary_weights(name, options.size)
    if options.weights:
        target = options.weights / target.name
    device = torch.device(options.device or ("cuda" if name not in PETNETS and torch.cuda.is_available() else "cpu"))
    net.to(device, memory_format=torch.channels_last if device.type == "cuda" else torch.preserve_format)
    images = torch.from_numpy(images).to(device)
    checkpoint = options.cache / f"{name}-{options.pictures}x{options.size}x{options.epochs}-seed{options.seed}.pt"
    n_numbers = sum(p.numel() for p in net.parameters())
    print(f"{name}: {n_numbers:,} parameters, {len(images)} animals, {images.shape[1]} pictures each, on {device}")
    train(net, images, options.epochs, options.seed, checkpoint, options.half)
    save_weights(net, target)
    checkpoint.unlink()
    minutes = (time.monotonic() - start) / 60
    print(f"{name}: held-out error {held_out_error(net, images):.1%}, {minutes:.1f} minutes, {target}")


if __name__ == "__main__":
    main()
