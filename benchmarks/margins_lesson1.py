"""The margins of lesson 1's thresholds: what each check measures, for the solution, the alternatives and the
mistakes.

    python -m benchmarks.margins_lesson1 --seeds 20

Smallest, median and largest of the seeds. An answer that cannot be measured this way, because an earlier
check stops it with an error, has a dash.
"""
import argparse
import importlib
from statistics import median

import torch

import petkata.torchvision_guard  # noqa: F401  before fastai
from petkata.checking.answers import known_answers
from petkata.checking.fixtures import FEW_BREEDS
from petkata.checking.limits import seed_everything
from petkata.pets.tiny import tiny_pets


def checks(idea):
    return importlib.import_module(f"tests.lesson1.{idea}.checks")


def answers(idea, task):
    """(what it is, function) of the solution, the alternatives and the mistakes."""
    yield "solution", getattr(importlib.import_module(f"solutions.lesson1.{idea}"), task)
    for kind in ("alternatives", "mistakes"):
        for answer in known_answers(importlib.import_module(f"tests.lesson1.{idea}.{kind}")):
            if answer.task == task:
                yield answer.words[:60] or "alternative", answer.function


def bend(new_head):
    return [checks("head").bend(new_head)]


def dropout(new_head):
    noise = checks("head").noise
    return [noise(new_head, 0.0), noise(new_head, 0.8) / max(noise(new_head, 0.1), 1e-9)]


def last_loss(new_head):
    return [checks("head").learned(new_head)[1]]


def error_on_its_animals(normalize):
    return [checks("normalize").error_on(normalize, *checks("normalize").animals())]


def errors_on_the_pets(transfer_model):
    files = [file for breed in FEW_BREEDS for file in (tiny_pets() / "images").glob(f"{breed}_*.jpg")]
    error, scratch = checks("transfer").pretrained_and_from_scratch(
        transfer_model, checks("transfer").to_train_and_to_validate(files))
    return [error, scratch, scratch - error]


MEASURES = [
    ("head", "new_head", bend, ["bend"]),
    ("head", "new_head", dropout, ["noise without dropout", "noise at 0.8 / at 0.1"]),
    ("head", "new_head", last_loss, ["loss after 150 steps"]),
    ("normalize", "normalize", error_on_its_animals, ["error on its own animals"]),
    ("transfer", "transfer_model", errors_on_the_pets, ["error", "error from scratch", "difference"]),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="only the ideas with this in their name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for idea, task, measure, titles in MEASURES:
        if options.only not in idea:
            continue
        print(f"\n{task}: {', '.join(titles)} (smallest, median, largest of {options.seeds} seeds)")
        for what, function in answers(idea, task):
            rows = []
            try:
                for seed in range(options.seeds):
                    seed_everything(seed)
                    rows.append(measure(function))
            except Exception:
                print(f"  {what:62}-")
                continue
            columns = [f"{min(column):9.3g} {median(column):9.3g} {max(column):9.3g}"
                       for column in zip(*rows)]
            print(f"  {what:62}" + "  |".join(columns), flush=True)


if __name__ == "__main__":
    main()
