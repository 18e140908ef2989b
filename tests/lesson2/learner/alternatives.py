from petkata.checking import alternative


@alternative
def pet_learner(dls, arch):
    import warnings

    from fastai.vision.all import cnn_learner, error_rate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cnn_learner(dls, arch, pretrained=True, metrics=[error_rate])


@alternative
def pet_learner(dls, arch):
    from fastai.vision.all import AvgMetric, vision_learner
    from torch import nn

    from solutions.lesson2.loss import cross_entropy
    from solutions.lesson2.metric import error_rate

    learn = vision_learner(dls, arch=arch, n_out=len(dls.vocab), loss_func=cross_entropy, metrics=AvgMetric(error_rate))
    assert isinstance(learn.model[1][-1], nn.Linear)
    return learn


@alternative
def pet_learner(dls, arch):
    from fastai.vision.all import CrossEntropyLossFlat, Learner, Normalize, create_head, error_rate
    from fastai.vision.learner import create_body, model_meta, num_features_model
    from torch import nn

    meta = model_meta[arch]
    dls.add_tfms([Normalize.from_stats(*meta["stats"])], "after_batch")
    body = create_body(arch(weights=meta["weights"]), cut=meta["cut"])
    model = nn.Sequential(body, create_head(num_features_model(body), dls.c))
    learn = Learner(dls, model, loss_func=CrossEntropyLossFlat(), splitter=meta["split"], metrics=error_rate)
    learn.freeze()
    return learn
