"""Make the weights of the petnets again: `python -m petkata.nets.pretrain [petnet10 ...]`.

Each net learns to tell imaginary animals apart, none of them one of the 37 breeds. The pictures are drawn
once into a cache; drawing and training go on where they were interrupted. The same seed gives the same
pictures everywhere, and on another machine weights that are as good, but not equal to the last digit.
"""
import argparse
import math
import os
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from petkata.nets import petnet
from petkata.pets.drawing import draw
from petkata.pets.imaginary import imaginary_look
from petkata.pets.tiny import cache_folder, drawing_version

NETS = ("petnet10", "petnet18", "petnet26")
SIZE = 64
HELD_OUT = 2  # pictures of each animal that are kept for measuring
BATCH = 128
TOP_RATE = 4e-3
WEIGHT_DECAY = 0.05


def drawn_animal(animal: int, n: int, seed: int) -> np.ndarray:
    """`n` pictures of one imaginary animal: uint8 (n, SIZE, SIZE, 3)."""
    look = imaginary_look(animal)
    first = (seed * petnet.N_ANIMALS + animal) * n
    return np.stack([draw(look, first + i, SIZE).pixels for i in range(n)])


def drawn_task(task):
    return task[0], drawn_animal(*task)


def pictures(cache: Path, n: int, seed: int, processes: int) -> np.ndarray:
    """All pictures, uint8 (animals, n, SIZE, SIZE, 3), from the cache or drawn into it."""
    path = cache / f"imaginary-{drawing_version()}-{petnet.N_ANIMALS}x{n}-seed{seed}.npy"
    part = path.with_suffix(".part.npy")
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        shape = (petnet.N_ANIMALS, n, SIZE, SIZE, 3)
        drawn = np.lib.format.open_memmap(part, "r+" if part.exists() else "w+", np.uint8, shape)
        # An animal is copied front to back: when its last picture is not black, all of it is there.
        todo = [(animal, n, seed) for animal in range(len(drawn)) if not drawn[animal, -1].any()]
        clock = Clock(len(todo))
        with get_context("spawn").Pool(processes) as pool:
            for done, (animal, its_pictures) in enumerate(pool.imap_unordered(drawn_task, todo), start=1):
                drawn[animal] = its_pictures
                print(f"\rdrew {done} of {len(todo)} animals, {clock.left(done)} left ", end="", flush=True)
        print()
        drawn.flush()
        os.replace(part, path)
    return np.load(path, mmap_mode="r")


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


def as_batch(images: np.ndarray) -> torch.Tensor:
    """uint8 (N, H, W, 3) to float (N, 3, H, W) from 0 to 1, in the memory order that the net likes."""
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 255


def normalized(x: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in petnet.STATS)
    return (x - mean) / std


def varied(x: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Each picture a little turned, shifted, zoomed, lighter or darker, half of them mirrored: same shape.

    Grain, tint and blur are left out: they are the camera's, and new to the net when it meets the pets.
    """
    n = len(x)

    def between(low, high, *shape):
        return low + (high - low) * torch.rand(n, *shape, generator=dice)

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


def train(net: nn.Module, images: np.ndarray, epochs: int, seed: int, checkpoint: Path, half: bool) -> None:
    """Train `net` on pictures uint8 (animals, n, H, W, 3), going on from `checkpoint` when it stands."""
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
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        done = state["epoch"]
        print(f"going on after epoch {done}")
    clock = Clock(epochs - done)
    for epoch in range(done, epochs):
        dice = torch.Generator().manual_seed(seed * 10_000 + epoch)
        order = torch.randperm(n, generator=dice).numpy()
        net.train()
        total = 0.0
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            animal, picture = chosen // per_animal, chosen % per_animal
            x = normalized(varied(as_batch(images[animal, picture]), dice))
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = net(x)
            loss = F.cross_entropy(logits.float(), torch.from_numpy(animal), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if not math.isfinite(total):
            raise SystemExit(f"The loss is {total} in epoch {epoch + 1}: the learning rate is too high.")
        state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(),
                 "schedule": schedule.state_dict(), "epoch": epoch + 1}
        save_atomically(checkpoint, lambda path: torch.save(state, path))
        error, left = held_out_error(net, images), clock.left(epoch + 1 - done)
        print(f"epoch {epoch + 1} of {epochs}, loss {total / steps:.3f}, ", end="")
        print(f"held-out error {error:.1%}, {left} left", flush=True)


@torch.no_grad()
def held_out_error(net: nn.Module, images: np.ndarray) -> float:
    """Error rate on the pictures that the training did not see."""
    net.eval()
    wrong = 0
    for picture in range(images.shape[1] - HELD_OUT, images.shape[1]):
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH, picture]
            animals = torch.arange(start, start + len(batch))
            wrong += (net(normalized(as_batch(batch))).argmax(1) != animals).sum().item()
    return wrong / (HELD_OUT * len(images))


def save_atomically(path: Path, write) -> None:
    """`write(path)` to a file beside `path`, then put it in place: a reader never sees half of it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def save_weights(net: nn.Module, path: Path) -> None:
    """The numbers of `net` in 16 bits, as safetensors."""
    from safetensors.torch import save

    state = {name: t.half() if t.is_floating_point() else t for name, t in net.state_dict().items()}
    save_atomically(path, lambda beside: beside.write_bytes(save(state)))


def main():
    about = __doc__.split("\n\n")[0]
    parser = argparse.ArgumentParser(prog="python -m petkata.nets.pretrain", description=about)
    parser.add_argument("nets", nargs="*", help=f"some of {', '.join(NETS)}; all unless told")
    parser.add_argument("--pictures", type=int, default=60, help="of each imaginary animal; %(default)s")
    parser.add_argument("--epochs", type=int, default=8, help="%(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random; %(default)s")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that draw; %(default)s")
    parser.add_argument("--half", action="store_true", help="train in bfloat16: faster where the CPU has it")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "pretrain", help="%(default)s")
    parser.add_argument("--weights", type=Path, default=petnet.WEIGHTS, help="folder to write to")
    options = parser.parse_args()
    for name in options.nets:
        if name not in NETS:
            parser.error(f"there is no {name}, but {', '.join(NETS)}")

    torch.set_num_threads(1)  # such small layers gain nothing from more
    images = pictures(options.cache, options.pictures, options.seed, options.processes)
    mean, std = statistics(images)
    if not np.allclose([mean, std], petnet.STATS, atol=2e-3):
        raise SystemExit(f"STATS in {petnet.__file__} must be {(mean, std)}, as the pictures have them.")
    for name in options.nets or NETS:
        start = time.monotonic()
        torch.manual_seed(options.seed)
        net = getattr(petnet, name)(weights=None)
        checkpoint = options.cache / f"{name}-{options.pictures}x{options.epochs}-seed{options.seed}.pt"
        n_numbers = sum(p.numel() for p in net.parameters())
        print(f"{name}: {n_numbers:,} parameters, {len(images)} animals, {images.shape[1]} pictures each")
        train(net, images, options.epochs, options.seed, checkpoint, options.half)
        options.weights.mkdir(parents=True, exist_ok=True)
        save_weights(net, options.weights / f"{name}.safetensors")
        checkpoint.unlink()
        minutes = (time.monotonic() - start) / 60
        print(f"{name}: held-out error {held_out_error(net, images):.1%}, {minutes:.1f} minutes")


if __name__ == "__main__":
    main()
