"""The pictures of lesson 7's text, and its figures: python lessons/lesson7/pictures.py

The errors are those of ten seeds each on the tiny pets, so this trains for a quarter of an hour on one core.
"""

import copy
import os
import sys
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401

BLUE, ORANGE, GREEN, GRAY = "#1f77b4", "#e07b00", "#2ca02c", "0.6"
GROUPS = {"early": GRAY, "late": BLUE, "head": ORANGE}
SEEDS = range(10)
TOPS = (1e-3, 3e-3, 1e-2, 3e-2)


def save(figure, name):
    figure.tight_layout()
    figure.savefig(HERE / name, dpi=90)
    plt.close(figure)
    print(f"written: {name}")


def groups():
    """The layers of petnet18 in their three groups, as wide as drawn, and how many numbers each group holds."""
    from torch import nn

    from petkata.nets import petnet18
    from solutions.lesson7.groups import layer_groups

    body = nn.Sequential(*list(petnet18().children())[:-2])
    head = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(96, 37))
    names = [name for name, _ in list(petnet18().named_children())[:-2]]
    early, late, _ = layer_groups(nn.Sequential(body, head))
    layers = [(name, "early" if place < len(early) else "late") for place, name in enumerate(names)] + [("head", "head")]
    figure, axes = plt.subplots(figsize=(8, 1.7))
    left = 0
    for name, group in layers:
        width = 1.7 if name.startswith("layer") or name == "head" else 1
        axes.add_patch(Rectangle((left, 0), width - 0.12, 1, color=GROUPS[group]))
        axes.text(left + width / 2 - 0.06, 0.5, name, ha="center", va="center", fontsize=9, color="white")
        left += width
    for group, start, end in (("early", 0, 7.4), ("late", 7.4, 10.8), ("head", 10.8, 12.5)):
        axes.text((start + end) / 2 - 0.06, 1.15, group, ha="center", va="bottom")
    axes.text(2, -0.15, "the stem", ha="center", va="top", fontsize=9)
    axes.text(7.4, -0.15, "the four stages", ha="center", va="top", fontsize=9)
    axes.set(xlim=(0, left), ylim=(-0.5, 1.6))
    axes.axis("off")
    save(figure, "groups.png")
    for name, group in (("early", early), ("late", late)):
        print(f"petnet18, {name}: {sum(p.numel() for p in group.parameters()):,} numbers")


def schedule():
    """The rates of each group in fine_tune(4, 2e-3), on a scale of powers of ten."""
    from tests.lesson7.phases import one_cycle

    figure, axes = plt.subplots(figsize=(7, 3.2))
    n = 37
    for (group, color), first, second in zip(GROUPS.items(), (2e-4, 2e-4, 2e-3), (1e-5, 1e-4, 1e-3)):
        frozen = one_cycle(n, first, 0.99, 25)
        style = "-" if group == "head" else ":"
        axes.plot(range(n), frozen, color=color, linestyle=style)
        axes.plot(range(n, 5 * n), one_cycle(4 * n, second, 0.3, 5), color=color, label=group)
    axes.axvline(n, color="0.8", linewidth=1)
    axes.set(yscale="log", ylim=(1e-8, 1e-2), xlabel="batch", ylabel="learning rate")
    axes.legend(frameon=False, loc="lower left")
    save(figure, "fine_tune.png")


def errors(seed):
    """Errors on the tiny pets with petnet18: after four frozen epochs, and after four more of each kind."""
    from fastai.vision.all import ProgressCallback, error_rate, noop, vision_learner

    from petkata.checking.fixtures import loaders
    from petkata.checking.limits import seed_everything
    from petkata.nets import petnet18
    from petkata.pets.tiny import tiny_pets

    dls = loaders(tiny_pets(), seed=seed, batch_size=32)
    seed_everything(seed)
    learn = vision_learner(dls, petnet18, metrics=error_rate)
    learn.remove_cb(ProgressCallback)
    learn.logger = noop
    learn.fit_one_cycle(4, 3e-3)
    found, state = {"start": learn.recorder.values[-1][-1]}, copy.deepcopy(learn.model.state_dict())
    kinds = {"frozen": 3e-3}
    for top in TOPS:
        kinds[f"slice {top:g}"], kinds[f"all {top:g}"] = slice(top / 100, top), top
    for kind, lr_max in kinds.items():
        learn.model.load_state_dict(state)
        learn.create_opt()
        learn.freeze() if kind == "frozen" else learn.unfreeze()
        seed_everything(seed)
        learn.fit_one_cycle(4, lr_max)
        found[kind] = learn.recorder.values[-1][-1]
    print(seed, {kind: f"{error:.1%}" for kind, error in found.items()}, flush=True)
    return found


def rates(found):
    """Errors over the head's top rate, for one rate for all and for a slice; `found` holds one dict a seed."""
    middle = {kind: 100 * median(one[kind] for one in found) for kind in found[0]}
    print({kind: f"{error:.1f}%" for kind, error in middle.items()})
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for kind, words, color in (("all", "one rate for all", ORANGE), ("slice", "slice(top / 100, top)", BLUE)):
        for one in found:
            axes.plot(TOPS, [100 * one[f"{kind} {top:g}"] for top in TOPS], color=color, alpha=0.25, linewidth=1)
        axes.plot(TOPS, [middle[f"{kind} {top:g}"] for top in TOPS], color=color, linewidth=2.5, marker="o", label=words)
    axes.axhline(middle["start"], color=GRAY, linestyle=":", label="before: after the four frozen epochs")
    axes.axhline(middle["frozen"], color=GREEN, linestyle="--", label="four more epochs frozen")
    axes.set(xscale="log", xlabel="the head's top rate", ylabel="error, %", ylim=(0, None), xticks=TOPS)
    axes.set_xticklabels([f"{top:g}" for top in TOPS])
    axes.minorticks_off()
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, "rates.png")


def main():
    import torch

    torch.set_num_threads(1)
    groups()
    schedule()
    rates([errors(seed) for seed in SEEDS])


if __name__ == "__main__":
    main()
