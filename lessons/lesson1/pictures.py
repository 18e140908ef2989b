"""The pictures of lesson 1, and the numbers that its text tells: `python -m lessons.lesson1.pictures` (some
minutes)."""
from pathlib import Path
from statistics import median

import matplotlib
import numpy as np
import torch
from PIL import Image
from torch import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from petkata.nets import STATS, petnet10
from petkata.nets.petnet import N_ANIMALS
from petkata.pets.breeds import BREEDS
from petkata.pets.drawing import draw
from petkata.pets.imaginary import imaginary_look
from petkata.pets.tiny import tiny_pets
from solutions.lesson1.body import cut_body
from solutions.lesson1.freeze import count_trainable
from solutions.lesson1.normalize import normalize
from solutions.lesson1.pooling import adaptive_concat_pool
from solutions.lesson1.transfer import transfer_model

HERE = Path(__file__).parent
BLUE, ORANGE, GRAY, GREEN = "#2f6db3", "#d9772b", "#b5b5b5", "#3a8f5c"
SEEDS, EPOCHS = range(5), 4


def save(figure, name):
    figure.savefig(HERE / name, dpi=80, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    with Image.open(HERE / name) as image:  # 64 colors are enough for a drawing, and make a small file
        image.convert("RGB").quantize(64).save(HERE / name, optimize=True)


def as_images(pixels):
    """uint8 (N, H, W, 3) to float (N, 3, H, W) from 0 to 1."""
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2) / 255


# --- the cut ------------------------------------------------------------------------------------------------

def box(axes, x, text, color, width=1.0, dashed=False):
    fill, ink, line = ("white", "#555555", "--") if dashed else (color, "white", "-")
    axes.add_patch(FancyBboxPatch((x, 0), width, 1, boxstyle="round,pad=0.02,rounding_size=0.08", facecolor=fill,
                                  edgecolor=color, linestyle=line, linewidth=1.5))
    axes.text(x + width / 2, 0.5, text, ha="center", va="center", fontsize=9, color=ink)


def cut():
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(10.5, 3.6))
    for axes in (top, bottom):
        axes.set(xlim=(-0.1, 12.4), ylim=(-0.35, 1.5))
        axes.axis("off")
    layers = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    for axes in (top, bottom):
        for place, name in enumerate(layers):
            box(axes, 1.15 * place, name, BLUE)
    box(top, 1.15 * 8 + 0.3, "avgpool", GRAY, dashed=True)
    box(top, 1.15 * 9 + 0.3, f"fc: {N_ANIMALS}\nanimals", GRAY, width=1.3, dashed=True)
    top.plot([1.15 * 8 + 0.08] * 2, [-0.25, 1.2], color=ORANGE, linewidth=2.5)
    top.text(1.15 * 8 + 0.08, 1.28, "cut here", ha="center", color=ORANGE, fontsize=10, fontweight="bold")
    top.text(0, 1.2, "petnet10, pretrained on imaginary animals", fontsize=10)
    box(bottom, 1.15 * 8 + 0.3, "new head: random\nweights, 37 breeds", ORANGE, width=2.5)
    bottom.text(0, 1.2, "your network: the body keeps its weights and is frozen ...", fontsize=10)
    bottom.text(1.15 * 8 + 0.3, 1.2, "... the head learns", fontsize=10, color=ORANGE)
    save(figure, "cut.png")


# --- what a body sees ---------------------------------------------------------------------------------------

@torch.no_grad()
def what_a_body_sees():
    animal = draw(BREEDS["pug"], 7).pixels
    x = normalize(as_images([animal]), *STATS)
    seen = {}
    for name, layer in cut_body(petnet10(weights="DEFAULT")).eval().named_children():
        x = seen[name] = layer(x)
    figure, axes = plt.subplots(2, 7, figsize=(10.5, 3.4), gridspec_kw={"wspace": 0.08, "hspace": 0.25})
    for row, (place, words) in zip(axes, [("0", "first layer: 32 x 32"), ("5", "half-way: 8 x 8")]):
        maps = seen[place][0]
        strongest = maps.flatten(1).std(1).argsort(descending=True)[:6]
        row[0].imshow(animal)
        for axis, channel in zip(row[1:], strongest):
            axis.imshow(maps[channel], cmap="gray")
        row[1].set_title(words, fontsize=10, loc="left")
        for axis in row:
            axis.set_xticks([]), axis.set_yticks([])
    save(figure, "what_a_body_sees.png")
    print("shapes through the body:", *[tuple(values.shape) for values in seen.values()])


def pooling():
    features = torch.tensor([[[1.0, 2], [3, 6]], [[4, 0], [0, 0]], [[1, 1], [1, 1]]])[None]
    pooled = adaptive_concat_pool(features)[0].tolist()
    figure, axes = plt.subplots(figsize=(8, 2.3))
    axes.set(xlim=(-0.3, 13.2), ylim=(-0.9, 2.6))
    axes.axis("off")
    colors = [BLUE, GREEN, ORANGE]
    for c, (values, color) in enumerate(zip(features[0].tolist(), colors)):
        for i in range(2):
            for j in range(2):
                axes.add_patch(plt.Rectangle((2.6 * c + j, 1 - i), 1, 1, facecolor=color,
                                             alpha=0.25 + 0.12 * values[i][j], edgecolor="white"))
                axes.text(2.6 * c + j + 0.5, 1.5 - i, f"{values[i][j]:g}", ha="center", va="center",
                          fontsize=12)
        axes.text(2.6 * c + 1, 2.2, f"channel {c}", ha="center", fontsize=9, color=color)
    axes.text(7.65, 1, "→", ha="center", va="center", fontsize=18)
    for place, value in enumerate(pooled):
        axes.add_patch(plt.Rectangle((8.2 + 0.8 * place, 0.6), 0.8, 0.8, facecolor=colors[place % 3],
                                     alpha=0.5, edgecolor="white"))
        axes.text(8.6 + 0.8 * place, 1, f"{value:g}", ha="center", va="center", fontsize=11)
    axes.text(9.4, 1.6, "maxima", ha="center", fontsize=9)
    axes.text(11.8, 1.6, "averages", ha="center", fontsize=9)
    save(figure, "pooling.png")
    print("pooling:", pooled)


# --- training -----------------------------------------------------------------------------------------------

def tiny():
    """All 740 tiny pets, from 0 to 1, and their breeds as numbers."""
    files = sorted((tiny_pets() / "images").glob("*.jpg"))
    names = [file.stem.rpartition("_")[0] for file in files]
    order = sorted(set(names))
    return as_images([np.asarray(Image.open(file)) for file in files]), torch.tensor([order.index(name)
                                                                                      for name in names])


def errors(model, images, breeds, seed, repairs=True):
    """Error on 20% of the pictures after each epoch of training on the rest; batches of 32, one cycle up to
    5e-3.

    `repairs` says whether BatchNorm learns and follows the pictures, or the body stays in eval mode.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    valid, train = order[:148], order[148:]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=EPOCHS * (len(train) // 32))
    after = []
    for _ in range(EPOCHS):
        for batch in train[torch.randperm(len(train))].split(32):
            if len(batch) < 32:
                continue
            model.train()
            model[0].train(repairs)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), breeds[batch]).backward()
            optimizer.step()
            cycle.step()
        with torch.no_grad():
            after.append((model.eval()(images[valid]).argmax(1) != breeds[valid]).float().mean().item())
    return after


def trained(images, breeds, from_scratch=False, repairs=True):
    """Errors after each epoch, one row a seed."""
    rows = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        if from_scratch:
            model = transfer_model(lambda weights: petnet10(weights=None), 37).requires_grad_(True)
        else:
            model = transfer_model(petnet10, 37)
            model[0].requires_grad_(False) if not repairs else None
        rows.append(errors(model, images, breeds, seed, repairs))
    return rows


def told(what, rows):
    last = [row[-1] for row in rows]
    print(f"{what:45} median {median(last):.1%}, {min(last):.1%} to {max(last):.1%}", flush=True)


def pretrained_against_scratch(images, breeds):
    images = normalize(images, *STATS)
    figure, axes = plt.subplots(figsize=(6, 3.4))
    for words, from_scratch, color in [("from scratch", True, GRAY),
                                       ("pretrained body, frozen", False, BLUE)]:
        rows = trained(images, breeds, from_scratch)
        told(words, rows)
        for row in rows:
            axes.plot(range(1, EPOCHS + 1), [100 * error for error in row], color=color, alpha=0.4,
                      linewidth=1)
        axes.plot(range(1, EPOCHS + 1), [100 * median(column) for column in zip(*rows)], color=color,
                  linewidth=2.5, marker="o", label=words)
    axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, 100), xticks=range(1, EPOCHS + 1))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "pretrained_against_scratch.png")


@torch.no_grad()
def error_on_its_animals(change):
    """Error of the pretrained petnet10, in eval mode, on 500 new pictures of its animals."""
    numbers = torch.randperm(N_ANIMALS, generator=torch.Generator().manual_seed(0))[:500]
    images = as_images([draw(imaginary_look(n), 20_000_000 + n).pixels for n in numbers.tolist()])
    return (petnet10(weights="DEFAULT").eval()(change(images)).argmax(1) != numbers).float().mean().item()


def wrong_statistics(images, breeds):
    changes = {
        "the pretraining's\nmean and std": lambda x: normalize(x, *STATS),
        "mean taken away,\nnot divided": lambda x: normalize(x, STATS[0], [1, 1, 1]),
        "as they are,\n0 to 1": lambda x: x,
    }
    figure, axes = plt.subplots(figsize=(7, 3))
    bars = {
        "its own animals, nothing learns": lambda change: [[error_on_its_animals(change)]],
        "37 breeds, new head, BatchNorm stands still": lambda change: trained(change(images), breeds, repairs=False),
        "37 breeds, new head, BatchNorm learns": lambda change: trained(change(images), breeds),
    }
    for place, (label, measure) in enumerate(bars.items()):
        print(f"{label}:")
        heights = []
        for words, change in changes.items():
            rows = measure(change)
            told("  " + words.replace("\n", " "), rows)
            heights.append(100 * median(row[-1] for row in rows))
        drawn = axes.bar([x + 0.27 * (place - 1) for x in range(len(changes))], heights, 0.25, label=label,
                         color=[ORANGE, GRAY, BLUE][place])
        axes.bar_label(drawn, fmt="%.0f%%", fontsize=8)
    axes.set(ylabel="error, %", ylim=(0, 109), xticks=range(len(changes)), yticks=range(0, 101, 25))
    axes.set_xticklabels(changes)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "wrong_statistics.png")


def main():
    torch.set_num_threads(1)
    cut()
    what_a_body_sees()
    pooling()
    model = transfer_model(petnet10, 37)
    print(f"learns: {count_trainable(model):,} of {sum(w.numel() for w in model.parameters()):,}; "
          f"in the body {count_trainable(model[0]):,} of {sum(w.numel() for w in model[0].parameters()):,}")
    images, breeds = tiny()
    pretrained_against_scratch(images, breeds)
    wrong_statistics(images, breeds)


if __name__ == "__main__":
    main()
