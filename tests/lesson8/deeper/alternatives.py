from petkata.checking import alternative


@alternative
def deeper_learner(dls, arch=None):
    import warnings

    from fastai.vision.all import cnn_learner, error_rate, resnet50

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        learn = cnn_learner(dls, arch or resnet50, metrics=[error_rate])
    learn.to_fp16()
    return learn


@alternative
def deeper_learner(dls, arch):
    from fastai.callback.fp16 import MixedPrecision
    from fastai.vision.all import error_rate, vision_learner

    return vision_learner(dls, arch, metrics=error_rate, cbs=MixedPrecision())


@alternative
def deeper_learner(dls, arch):
    from fastai.vision.all import CrossEntropyLossFlat, Learner, Normalize, create_head, error_rate
    from fastai.vision.learner import create_body, model_meta, num_features_model
    from torch import nn

    meta = model_meta[arch]
    dls.add_tfms([Normalize.from_stats(*meta["stats"])], "after_batch")
    body = create_body(arch(weights=meta.get("weights", "DEFAULT")), cut=meta["cut"])
    model = nn.Sequential(body, create_head(num_features_model(body), dls.c))
    learn = Learner(dls, model, loss_func=CrossEntropyLossFlat(), splitter=meta["split"], metrics=error_rate)
    learn.freeze()
    return learn.to_fp16(init_scale=2.0**10)
