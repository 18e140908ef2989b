import pytest

pytestmark = pytest.mark.gpu


def test_a_stage_comes_back_to_the_last_digit(save_stage, load_stage, full_run):
    import torch

    from petkata.full.running import error_of

    run = full_run.frozen()
    learn = run.learn
    save_stage(learn, "stage-1")
    with torch.no_grad():
        for weights in learn.model.parameters():
            weights.mul_(0.5)
    load_stage(learn, "stage-1")
    figure = full_run.figure("4", "stage-1, saved and loaded", run, reference=0.0677, rehearsal=0.6, error=error_of(learn))
    assert figure.error == run.error, f"after loading, the error must be {run.error:.4%} again, to the last digit"
    assert figure.reached, str(figure)


def test_an_exported_learner_predicts_the_same(export_for_inference, predict, full_run, tmp_path):
    import torch

    learn = full_run.frozen().learn
    export_for_inference(learn, tmp_path / "pets.pkl")
    pictures = list(learn.dls.valid.items[:8])
    with learn.no_bar(), learn.no_logging():
        probabilities, _ = learn.get_preds(dl=learn.dls.test_dl(pictures))
    for picture, expected in zip(pictures, probabilities):
        breed, probability = predict(tmp_path / "pets.pkl", picture)
        assert breed == learn.dls.vocab[expected.argmax()], "the file must name the breed that the learner names"
        # The file predicts on the CPU, the learner where it was trained: their sums round differently.
        assert torch.isclose(torch.tensor(probability), expected.max(), atol=0.02), "and be as sure of it"
