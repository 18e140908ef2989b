import torch
from torch.nn import functional as F

from petkata.checking import mistake


def fit(logits, targets):
    if len(logits) != len(targets) or len(targets) == 0:
        raise ValueError("rows")


def picked(log_probabilities, targets):
    return -log_probabilities[torch.arange(len(targets)), targets]


@mistake("Softmax is taken first, and once more inside. cross_entropy takes the raw logits.",
         caught_by="test_right_and_sure_costs_little_wrong_and_sure_much")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return F.cross_entropy(logits.softmax(dim=1), targets)


@mistake("The losses are added up. Their mean is asked for, so that a larger batch is no worse than a small one.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked(logits.log_softmax(dim=1), targets).sum()


@mistake("One loss a picture is returned. Their mean is asked for.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked(logits.log_softmax(dim=1), targets)


@mistake("The minus is missing: better would be worse.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return -picked(logits.log_softmax(dim=1), targets).mean()


@mistake("The softmax goes over the pictures (dim=0). It goes over the classes of one picture.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked(logits.log_softmax(dim=0), targets).mean()


@mistake("The mean is over all N x C entries of the one-hot product. There are N pictures.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    one_hot = F.one_hot(targets, logits.shape[1])
    return -(one_hot * logits.log_softmax(dim=1)).mean()


@mistake("The logarithm is to the base 2. Use the natural one.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return -logits.softmax(dim=1).log2().gather(1, targets[:, None]).mean()


@mistake("log_probabilities[:, targets] picks every target from every row. Each row has its own.",
         caught_by="test_each_row_has_its_own_target")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return -logits.log_softmax(dim=1)[:, targets].mean()


@mistake("The largest probability is taken, not that of the right class.",
         caught_by="test_right_and_sure_costs_little_wrong_and_sure_much")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return -logits.log_softmax(dim=1).max(dim=1).values.mean()


@mistake("The logits are taken for probabilities: their logarithm is taken without a softmax.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked(logits.clamp(min=1e-6).log(), targets).mean()


@mistake("The probability is used, not its logarithm: very wrong costs hardly more than wrong.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return (1 - logits.softmax(dim=1).gather(1, targets[:, None])).mean()


@mistake("exp is taken of the logits as they are. exp(1000) is infinite, and infinite by infinite is nan.",
         caught_by="test_logits_of_1000_do_no_harm")
def cross_entropy(logits, targets):
    fit(logits, targets)
    powers = logits.exp()
    return picked((powers / powers.sum(dim=1, keepdim=True)).log(), targets).mean()


@mistake("The largest logit of the whole batch is subtracted. Each row needs its own largest.",
         caught_by="test_logits_of_1000_do_no_harm")
def cross_entropy(logits, targets):
    fit(logits, targets)
    shifted = logits - logits.max()
    return picked(shifted - shifted.exp().sum(dim=1, keepdim=True).log(), targets).mean()


@mistake("Softmax and logarithm are two steps. A probability that became 0 has no logarithm.",
         caught_by="test_very_wrong_costs_very_much")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked(logits.softmax(dim=1).log(), targets).mean()


@mistake("A small number is added before the logarithm. The loss cannot rise above 28 then.",
         caught_by="test_very_wrong_costs_very_much")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return picked((logits.softmax(dim=1) + 1e-12).log(), targets).mean()


@mistake("The result was a plain number once, so no gradient flows.", caught_by="test_gradients_flow")
def cross_entropy(logits, targets):
    fit(logits, targets)
    return torch.tensor(picked(logits.log_softmax(dim=1), targets).mean().item())


@mistake("The largest logit is subtracted in place, so the caller's logits change.",
         caught_by="test_equal_logits_cost_the_logarithm_of_their_number")
def cross_entropy(logits, targets):
    fit(logits, targets)
    if logits.requires_grad:
        return F.cross_entropy(logits, targets)
    logits -= logits.max(dim=1, keepdim=True).values
    return picked(logits - logits.exp().sum(dim=1, keepdim=True).log(), targets).mean()


@mistake("Two targets for three rows go unnoticed: the third picture counts for nothing. Refuse them.",
         caught_by="test_refuses_rows_that_do_not_fit")
def cross_entropy(logits, targets):
    return -logits.log_softmax(dim=1).gather(1, targets[:, None]).mean()
