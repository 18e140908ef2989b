from petkata.checking import mistake


def fit(logits, targets):
    if len(logits) != len(targets) or len(targets) == 0:
        raise ValueError("rows")


@mistake("That is the accuracy, the share of the right ones. The error rate is the rest.",
         caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmax(dim=1) == targets).float().mean().item()


@mistake("The share is given as a percentage. A fraction from 0 to 1 is asked for.",
         caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return 100 * (logits.argmax(dim=1) != targets).float().mean().item()


@mistake("The wrong ones are counted. Their share is asked for.", caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmax(dim=1) != targets).sum().item()


@mistake("One answer a picture is returned. Their mean is asked for.", caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmax(dim=1) != targets).float()


@mistake("argmax goes over the whole batch at once. Each row has its own largest logit.",
         caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmax() != targets).float().mean().item()


@mistake("argmax goes down the columns (dim=0), over the pictures. It goes over the classes of one picture.",
         caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    best = logits.argmax(dim=0)
    return 1 - sum(int(a == b) for a, b in zip(best, targets)) / len(targets)


@mistake("The smallest logit is taken for the answer. The largest is.", caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmin(dim=1) != targets).float().mean().item()


@mistake("It is divided by the number of classes, not of pictures.", caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return (logits.argmax(dim=1) != targets).sum().item() / logits.shape[1]


@mistake("An answer counts as right only where its probability is above one half. The largest wins, however small.",
         caught_by="test_being_unsure_is_no_error")
def error_rate(logits, targets):
    fit(logits, targets)
    right = logits.softmax(dim=1).gather(1, targets[:, None]) > 0.5
    return 1 - right.float().mean().item()


@mistake("The share is rounded to one digit after the point.", caught_by="test_one_wrong_of_four_is_a_quarter")
def error_rate(logits, targets):
    fit(logits, targets)
    return round((logits.argmax(dim=1) != targets).float().mean().item(), 1)


@mistake("One target is compared with every row, and nobody is told. Refuse rows that do not fit.",
         caught_by="test_refuses_rows_that_do_not_fit")
def error_rate(logits, targets):
    return (logits.argmax(dim=1) != targets).float().mean().item()
