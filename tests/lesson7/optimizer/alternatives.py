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
    """First the groups, then their rates."""
    optimizer = torch.optim.Adam([{"params": group.parameters()} for group in groups])
    for own, lr in zip(optimizer.param_groups, lrs, strict=True):
        own["lr"] = lr
    return optimizer


@alternative
def make_optimizer(groups, lrs):
    """By name: newer optimizers of torch know the names of what they move."""
    if len({len(groups), len(lrs)}) != 1:
        raise ValueError("numbers differ")
    parts = [{"params": list(group.named_parameters(prefix=str(place))), "lr": torch.tensor(lr).item()}
             for place, (group, lr) in enumerate(zip(groups, lrs))]
    return torch.optim.Adam(params=parts, lr=1.0, betas=(0.9, 0.99))
