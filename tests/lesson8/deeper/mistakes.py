from petkata.checking import mistake


def learner(dls, arch, **options):
    from fastai.vision.all import error_rate, vision_learner

    return vision_learner(dls, arch, **{"metrics": error_rate, **options})


@mistake("The network is returned, not a learner.", caught_by="test_is_a_learner_on_these_loaders")
def deeper_learner(dls, arch):
    return learner(dls, arch).to_fp16().model


@mistake("The architecture is always the same one, whatever was asked for.",
         caught_by="test_has_the_pretrained_body_of_the_network_asked_for")
def deeper_learner(dls, arch):
    from petkata.nets import petnet10

    return learner(dls, petnet10).to_fp16()


@mistake("pretrained=False: the body is new and random, and deeper only means harder to train.",
         caught_by="test_has_the_pretrained_body_of_the_network_asked_for")
def deeper_learner(dls, arch):
    return learner(dls, arch, pretrained=False).to_fp16()


@mistake("The head has 37 outputs, whatever the loaders hold.", caught_by="test_has_an_output_for_each_breed")
def deeper_learner(dls, arch):
    return learner(dls, arch, n_out=37).to_fp16()


@mistake("The metric is the accuracy. The error rate is the rest.", caught_by="test_reports_the_error_rate")
def deeper_learner(dls, arch):
    from fastai.vision.all import accuracy

    return learner(dls, arch, metrics=accuracy).to_fp16()


@mistake("No metric is asked for.", caught_by="test_reports_the_error_rate")
def deeper_learner(dls, arch):
    return learner(dls, arch, metrics=None).to_fp16()


@mistake("The weights themselves are stored in half precision. They stay in 32 bits.",
         caught_by="test_the_weights_are_in_32_bits")
def deeper_learner(dls, arch):
    learn = learner(dls, arch).to_fp16()
    learn.model.half()
    return learn


@mistake("The learner trains in 32 bits: half precision was not asked for.", caught_by="test_computes_in_float16_while_it_trains")
def deeper_learner(dls, arch):
    return learner(dls, arch)


@mistake("Half precision is switched off again.", caught_by="test_computes_in_float16_while_it_trains")
def deeper_learner(dls, arch):
    return learner(dls, arch).to_fp16().to_fp32()


@mistake("bfloat16 is used (to_bf16). float16, with loss scaling, is asked for.",
         caught_by="test_computes_in_float16_while_it_trains")
def deeper_learner(dls, arch):
    return learner(dls, arch).to_bf16()


@mistake("fastai's older mixed precision is used (to_non_native_fp16). to_fp16 does what parts 4 and 5 do.",
         caught_by="test_computes_in_float16_while_it_trains")
def deeper_learner(dls, arch):
    return learner(dls, arch).to_non_native_fp16()


@mistake("The scaler is switched off, and small gradients are lost.", caught_by="test_scales_the_loss")
def deeper_learner(dls, arch):
    from fastai.callback.fp16 import MixedPrecision

    class Unscaled(MixedPrecision):
        def before_backward(self):
            pass

        def before_step(self):
            self.learn.scaler = None
            self.scales.append(1.0)

        def after_step(self):
            pass

    return learner(dls, arch, cbs=Unscaled())


@mistake("The body is unfrozen, so the random head spoils it at once.", caught_by="test_the_body_is_frozen")
def deeper_learner(dls, arch):
    learn = learner(dls, arch).to_fp16()
    learn.unfreeze()
    return learn


@mistake("BatchNorm is frozen along with the body (train_bn=False).", caught_by="test_head_and_batch_norm_learn")
def deeper_learner(dls, arch):
    return learner(dls, arch, train_bn=False).to_fp16()


@mistake("The learner is trained already. It was to be only made.", caught_by="test_was_not_trained_yet")
def deeper_learner(dls, arch):
    learn = learner(dls, arch)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1, 5e-4)
    return learn.to_fp16()
