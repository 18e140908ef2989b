import torch
from torch.nn import functional as F

from petkata.checking import alternative


@alternative
def adaptive_concat_pool(features):
    if len(features.shape) != 4:
        raise ValueError(features.shape)
    maxima = F.adaptive_max_pool2d(features, output_size=1)
    averages = F.adaptive_avg_pool2d(features, output_size=1)
    return torch.hstack([maxima, averages]).flatten(start_dim=1)


@alternative
def adaptive_concat_pool(features):
    """Channel by channel."""
    try:
        n, channels, height, width = features.shape
    except ValueError:
        raise ValueError("four dimensions, please") from None
    places = features.reshape(n, channels, height * width)
    columns = [places[:, c].max(dim=1).values for c in range(channels)]
    columns += [places[:, c].sum(dim=1) / (height * width) for c in range(channels)]
    return torch.stack(columns, dim=1)


@alternative
def adaptive_concat_pool(features):
    """As fastai does it."""
    from fastai.layers import AdaptiveConcatPool2d

    import petkata.torchvision_guard  # noqa: F401

    if features.dim() != 4:
        raise ValueError("four dimensions")
    return AdaptiveConcatPool2d()(features).view(len(features), -1)
