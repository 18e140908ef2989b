import torch

from petkata.checking import alternative


@alternative
def save_stage(learn, name):
    file = learn.path / learn.model_dir / f"{name}.pth"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": learn.model.state_dict(), "opt": learn.opt.state_dict()}, file)
    return str(file)


@alternative
def save_stage(learn, name):
    from fastai.learner import save_model

    folder = learn.path / learn.model_dir
    folder.mkdir(exist_ok=True)
    save_model(folder / (name + ".pth"), learn.model, learn.opt, with_opt=True)
    return folder / (name + ".pth")


@alternative
def load_stage(learn, name):
    return learn.load(file=name, device="cpu", with_opt=True, strict=True)


@alternative
def load_stage(learn, name):
    from fastai.learner import load_model

    load_model(learn.path / learn.model_dir / f"{name}.pth", learn.model, learn.opt)


@alternative
def load_stage(learn, name):
    import numpy as np
    from fastai.vision.all import L

    trusted = [L, np.dtype, np.dtypes.Float64DType, np._core.multiarray.scalar]
    with torch.serialization.safe_globals(trusted):
        kept = torch.load(f"{learn.path}/{learn.model_dir}/{name}.pth", weights_only=True)
    with torch.no_grad():
        for key, tensor in learn.model.state_dict().items():
            tensor.copy_(kept["model"][key])
    learn.opt.load_state_dict(kept["opt"])
