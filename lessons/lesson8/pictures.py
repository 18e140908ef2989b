"""The pictures of lesson 8's text, and the numbers in it: python lessons/lesson8/pictures.py

The errors are those of many real runs on the tiny pets, so this trains for some minutes.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401
from petkata.checking.fixtures import loaders  # noqa: E402
from petkata.nets import petnet10, petnet18, petnet26  # noqa: E402
from petkata.pets.tiny import tiny_pets  # noqa: E402
from solutions.lesson8.bottleneck import bottleneck  # noqa: E402
from solutions.lesson8.depth import depth  # noqa: E402
from solutions.lesson8.scaler import next_scale  # noqa: E402
from solutions.lesson8.step import mixed_precision_step  # noqa: E402
from solutions.lesson8.underflow import underflows  # noqa: E402

BLUE, ORANGE = "#1f77b4", "#e07b00"
SEEDS = range(8)


def save(figure, name):
    figure.tight_layout()
    figure.savefig(HERE / name, dpi=90)
    plt.close(figure)
    print(f"written: {name}")


def n_numbers(model):
    return sum(weight.numel() for weight in model.parameters())


def blocks():
    """The basic block and the bottleneck side by side, for 256 channels."""
    from petkata.nets.petnet import BasicBlock

    print(f"256 channels: basic {n_numbers(BasicBlock(256, 256)):,}, bottleneck {n_numbers(bottleneck(256, 64, 256, 1)):,}")
    with torch.device("meta"):  # the layers without their numbers, which are many
        wide = sum(n_numbers(BasicBlock(n_in, n_out, stride)) + more * n_numbers(BasicBlock(n_out, n_out))
                   for n_in, n_out, stride, more in ((64, 256, 1, 2), (256, 512, 2, 3), (512, 1024, 2, 5), (1024, 2048, 2, 2)))
    print(f"the 16 blocks of resnet50 as basic blocks: {wide:,}")
    figure, all_axes = plt.subplots(1, 2, figsize=(8, 3.6))
    for axes, title, layers in (
        (all_axes[0], "basic block", ["3x3, 256 to 256", "3x3, 256 to 256"]),
        (all_axes[1], "bottleneck", ["1x1, 256 to 64", "3x3, 64 to 64", "1x1, 64 to 256"]),
    ):
        tops = np.linspace(0.82, 0.3, len(layers))
        for top, layer in zip(tops, layers):
            width = 0.28 if layer.startswith("3x3, 64") else 0.46
            axes.add_patch(plt.Rectangle((0.4 - width / 2, top - 0.06), width, 0.12, facecolor="white", edgecolor=BLUE))
            axes.text(0.4, top, layer, ha="center", va="center", fontsize=9)
        arrow = {"arrowprops": {"arrowstyle": "->", "color": "0.3"}}
        for start, end in zip([1.0, *(top - 0.06 for top in tops)], [*(top + 0.06 for top in tops), 0.13]):
            axes.annotate("", (0.4, end), (0.4, start), **arrow)
        axes.plot([0.4, 0.85, 0.85, 0.47], [0.95, 0.95, 0.09, 0.09], color=ORANGE)
        axes.text(0.87, 0.5, "shortcut", color=ORANGE, rotation=90, va="center")
        axes.text(0.4, 0.09, "+", ha="center", va="center", fontsize=13,
                  bbox={"boxstyle": "circle", "facecolor": "white", "edgecolor": "0.3"})
        axes.set(title=title, xlim=(0, 1), ylim=(0, 1.02))
        axes.axis("off")
    save(figure, "blocks.png")


def learner(arch, seed=42, batch_size=32, **options):
    """A pretrained learner on the tiny pets that prints nothing. The seed decides all that chance decides."""
    from fastai.vision.all import ProgressCallback, error_rate, noop, set_seed, vision_learner

    set_seed(seed)  # the loaders draw from it, too, when they are made
    learn = vision_learner(loaders(tiny_pets(), seed=seed, batch_size=batch_size), arch, metrics=error_rate, **options)
    learn.remove_cb(ProgressCallback)
    learn.logger = noop
    return learn


def gradients_in_the_middle(model, batch):
    """The gradient of the loss at the output of each convolution, in 32 bits, all in one row."""
    pictures, breeds = batch
    made = []
    hooks = [layer.register_forward_hook(lambda layer, given, output: made.append(output))
             for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]
    loss = torch.nn.functional.cross_entropy(model(pictures), breeds)
    for hook in hooks:
        hook.remove()
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, made)])


def gradients():
    """What float16 can hold, and where a real network's gradients lie while all of it learns."""
    learn = learner(petnet26, ps=0.0)
    learn.unfreeze()
    figure, axes = plt.subplots(figsize=(8, 3))
    n_epochs, bins, scales = 0, np.arange(-48, 18), (1.0, 16.0, 1024.0)
    for more in (2, 4, 6):
        learn.fit_one_cycle(more, 3e-3)
        n_epochs += more
        shares = []
        for batch in learn.dls.train:
            values = gradients_in_the_middle(learn.model.train(), [values.as_subclass(torch.Tensor) for values in batch])
            shares.append([*(underflows(values, torch.float16, scale) for scale in scales), underflows(values, torch.bfloat16)])
        *lost, lost_in_bfloat16 = np.mean(shares, axis=0).round(6).tolist()
        print(f"petnet26, {n_epochs} epochs, error {learn.recorder.values[-1][-1]:.1%}, {len(values):,} gradients a batch: times "
              f"{scales} float16 loses {lost}; bfloat16 loses {lost_in_bfloat16}", flush=True)
    powers = torch.log2(values[values != 0].abs()).numpy()
    for shift, color, label in ((0, BLUE, "as they are"), (10, ORANGE, "times 1024")):
        axes.hist(powers + shift, bins=bins, weights=np.full(len(powers), 100 / len(powers)), histtype="step", color=color,
                  linewidth=1.6, label=label)
    axes.axvspan(-50, -25, color="0.88")
    axes.axvspan(16, 20, color="0.88")
    axes.text(-49, 0.5, "rounded to zero", fontsize=9)
    axes.text(16.3, 0.5, "infinite", fontsize=9, rotation=90)
    axes.set(xlabel="size of the gradient, as a power of 2", ylabel="percent of them", xlim=(-50, 20))
    axes.legend(frameon=False)
    save(figure, "gradients.png")


def scale_over_time():
    """The scale of a real run that begins far too high: it backs off, then feels its way up again and again."""
    learn = learner(petnet10)
    learn.unfreeze()
    learn.fit_one_cycle(1, 3e-3)
    model = learn.model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    scale, good_steps, history, skipped = 2.0**32, 0, [], []
    while len(history) < 90:
        for batch in learn.dls.train:
            batch = [values.as_subclass(torch.Tensor) for values in batch]
            loss, stepped = mixed_precision_step(model, optimizer, batch, torch.nn.functional.cross_entropy, scale)
            history.append(scale)
            if not stepped:
                skipped.append(len(history) - 1)
            scale, good_steps = next_scale(scale, good_steps, stepped, growth_interval=10)
    print(f"{len(history)} steps, {len(skipped)} skipped, at {skipped}; the scale ends at 2**{np.log2(history[-1]):g}")
    figure, axes = plt.subplots(figsize=(8, 3))
    axes.step(range(len(history)), np.log2(history), where="mid", color=BLUE)
    axes.plot(skipped, np.log2([history[i] for i in skipped]), "o", color=ORANGE, label="skipped")
    axes.set(xlabel="step", ylabel="scale, as a power of 2")
    axes.legend(frameon=False)
    save(figure, "scale.png")


def comparison():
    """Frozen, four epochs, as in lesson 3, with three networks: the same pictures for each, other ones for each seed."""
    errors = {}
    for arch in (petnet10, petnet18, petnet26):
        print(f"{arch.__name__}: depth {depth(arch())}, {n_numbers(arch()):,} parameters")
        for seed in SEEDS:
            learn = learner(arch, seed, batch_size=16)
            learn.fit_one_cycle(4, 3e-3)
            errors.setdefault(arch.__name__, []).append(float(learn.recorder.values[-1][-1]))
        own = np.array(errors[arch.__name__])
        print(f"  {np.round(own, 3).tolist()}: mean {own.mean():.3f}, standard deviation {own.std(ddof=1):.3f}", flush=True)
    wins = [sum(b < a for a, b in zip(errors["petnet10"], errors[other])) for other in ("petnet18", "petnet26")]
    print(f"of {len(SEEDS)} seeds petnet18 beats petnet10 in {wins[0]}, petnet26 in {wins[1]}")
    figure, axes = plt.subplots(figsize=(6, 3))
    for place, (name, own) in enumerate(errors.items()):
        axes.plot(np.linspace(-0.15, 0.15, len(own)) + place, 100 * np.array(own), "o", color=BLUE, alpha=0.7)
        axes.plot([place - 0.25, place + 0.25], [100 * np.mean(own)] * 2, color=ORANGE, linewidth=2)
    axes.set(xticks=range(3), xticklabels=list(errors), ylabel="error in percent", ylim=(0, None))
    save(figure, "depths.png")


if __name__ == "__main__":
    blocks()
    gradients()
    scale_over_time()
    comparison()
