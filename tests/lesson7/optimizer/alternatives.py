import torch

from petkata.checking import alternative


@alternative
def make_optimizer(groups, lrs):
    """Group by group."""
    if len(groups) > len(lrs) or len(lrs) > len(groups):
        raise ValueError("a rate for each group, please")
    optimizer = torch.optim.Adam(groups[0].parameters(), lr=lrs[0])
    for group, lr in zip(groups[1:], lrs[1:]):
        optimizer.add_param_group({"params": group.parameters(), "lr": lr})
    return optimizer


@alternative
def make_optimizer(groups, lrs):
    """First the groups, then their rates. AdamW is Adam with weight decay of its own."""
    optimizer = torch.optim.AdamW([{"params": group.parameters()} for group in groups])
    for own, lr in zip(optimizer.param_groups, lrs, strict=True):
        own["lr"] = lr
    return optimizer


@alternative
def make_optimizer(groups, lrs):
    """fastai's own Adam."""
    from fastai.vision.all import Adam

    if len({len(groups), len(lrs)}) != 1:
        raise ValueError("numbers differ")
    optimizer = Adam([list(group.parameters()) for group in groups], lr=1.0)
    optimizer.set_hyper("lr", list(lrs))
    return optimizer
