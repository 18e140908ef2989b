from petkata.checking import mistake


def learner(dls, arch, **options):
    from fastai.vision.all import error_rate, vision_learner

    return vision_learner(dls, arch, **{"metrics": error_rate, **options})


@mistake("The network is returned, not a learner.", caught_by="test_is_a_learner_on_these_loaders")
def pet_learner(dls, arch):
    return learner(dls, arch).model


@mistake("The head has 37 outputs, whatever the loaders hold. The loaders know how many breeds there are.",
         caught_by="test_has_an_output_for_each_breed")
def pet_learner(dls, arch):
    return learner(dls, arch, n_out=37)


@mistake("The network keeps its old head, made for the classes it was pretrained on.",
         caught_by="test_has_an_output_for_each_breed")
def pet_learner(dls, arch):
    from fastai.vision.all import CrossEntropyLossFlat, Learner, error_rate

    return Learner(dls, arch(weights="DEFAULT"), loss_func=CrossEntropyLossFlat(), metrics=error_rate)


@mistake("A softmax stands at the end of the network. The loss does that itself.", caught_by="test_gives_logits")
def pet_learner(dls, arch):
    from torch import nn

    learn = learner(dls, arch)
    learn.model[1].append(nn.Softmax(dim=1))
    return learn


@mistake("pretrained=False: the body is new and random, like the head.", caught_by="test_the_body_is_pretrained")
def pet_learner(dls, arch):
    return learner(dls, arch, pretrained=False)


@mistake("All layers are set back to random values, the body's, too.", caught_by="test_the_body_is_pretrained")
def pet_learner(dls, arch):
    learn = learner(dls, arch)
    for layer in learn.model.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return learn


@mistake("A new layer is put on top of the old classifier. Throw that away: its classes are not your breeds.",
         caught_by="test_the_head_is_new")
def pet_learner(dls, arch):
    from fastai.vision.all import CrossEntropyLossFlat, Learner, error_rate
    from torch import nn

    old = arch(weights="DEFAULT")
    n_classes = [layer for layer in old.modules() if isinstance(layer, nn.Linear)][-1].out_features
    model = nn.Sequential(old, nn.Linear(n_classes, len(dls.vocab)))
    return Learner(dls, model, loss_func=CrossEntropyLossFlat(), metrics=error_rate)


@mistake("The loss smooths the labels: it is not that of part 4.", caught_by="test_the_loss_is_cross_entropy")
def pet_learner(dls, arch):
    from fastai.vision.all import LabelSmoothingCrossEntropy

    return learner(dls, arch, loss_func=LabelSmoothingCrossEntropy())


@mistake("The losses of a batch are added up. Take their mean.", caught_by="test_the_loss_is_cross_entropy")
def pet_learner(dls, arch):
    from fastai.vision.all import CrossEntropyLossFlat

    return learner(dls, arch, loss_func=CrossEntropyLossFlat(reduction="sum"))


@mistake("No metric is asked for, so nobody sees how many are wrong.", caught_by="test_reports_the_error_rate")
def pet_learner(dls, arch):
    return learner(dls, arch, metrics=None)


@mistake("The metric is the accuracy. The error rate is the rest.", caught_by="test_reports_the_error_rate")
def pet_learner(dls, arch):
    from fastai.vision.all import accuracy

    return learner(dls, arch, metrics=accuracy)


@mistake("Nothing is normalized (normalize=False).", caught_by="test_the_body_sees_its_own_statistics")
def pet_learner(dls, arch):
    return learner(dls, arch, normalize=False)


@mistake("ImageNet's statistics are used, whatever the network was pretrained on.",
         caught_by="test_the_body_sees_its_own_statistics")
def pet_learner(dls, arch):
    from fastai.vision.all import Normalize, imagenet_stats

    dls.add_tfms([Normalize.from_stats(*imagenet_stats)], "after_batch")
    return learner(dls, arch, normalize=False)


@mistake("The learner is trained already. It was to be only made.", caught_by="test_nothing_was_trained_yet")
def pet_learner(dls, arch):
    learn = learner(dls, arch)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1, 5e-3)
    return learn


@mistake("The head's first weights are far too large, so it is sure of itself before it has learned anything.",
         caught_by="test_begins_near_the_loss_of_guessing")
def pet_learner(dls, arch):
    from torch import nn

    return learner(dls, arch, init=nn.init.normal_)


@mistake("The body is unfrozen, so the random head spoils it at once.", caught_by="test_only_head_and_batchnorm_learn")
def pet_learner(dls, arch):
    learn = learner(dls, arch)
    learn.unfreeze()
    return learn


@mistake("BatchNorm is frozen along with the body (train_bn=False).", caught_by="test_only_head_and_batchnorm_learn")
def pet_learner(dls, arch):
    return learner(dls, arch, train_bn=False)
