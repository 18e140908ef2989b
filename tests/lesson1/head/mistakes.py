import torch
from torch import nn
from torch.nn import functional as F

from petkata.checking import mistake
from solutions.lesson1.head import ConcatPool


def sensible(n_classes, dropout):
    if n_classes < 2 or not 0 <= dropout < 1:
        raise ValueError("no head")


@mistake("The number of classes is fixed at 37. The data set says how many there are.",
         caught_by="test_is_sized_by_features_and_classes")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, 37))


@mistake("The first layer expects n_features numbers. Maxima and averages together are twice as many.",
         caught_by="test_is_sized_by_features_and_classes")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))


@mistake("The maps are not pooled but flattened, so the head takes one size of map only.",
         caught_by="test_takes_maps_of_any_size")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))


@mistake("All weights start at 0: every class gets the same logit, and the head cannot begin to learn.",
         caught_by="test_every_class_and_picture_has_its_own_logits")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    head = nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))
    for weights in head.parameters():
        nn.init.zeros_(weights)
    return head


@mistake("All weights start at the same number, so all classes get the same logit. Weights start at random.",
         caught_by="test_every_class_and_picture_has_its_own_logits")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    head = nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))
    for weights in head.parameters():
        nn.init.constant_(weights, 0.1)
    return head


@mistake("There is a softmax at the end. The loss of the training does that; a head ends with plain logits.",
         caught_by="test_ends_with_logits")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes), nn.Softmax(dim=1))


@mistake("The ReLU stands at the end, so no logit can be below 0. It belongs between the two linear layers.",
         caught_by="test_ends_with_logits")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.Dropout(dropout),
                         nn.Linear(512, n_classes), nn.ReLU())


@mistake("Only the top left corner of the maps is looked at. Pool over all of it.",
         caught_by="test_where_a_feature_stands_does_not_matter")
def new_head(n_features, n_classes, dropout=0.5):
    class Corner(nn.Module):
        def forward(self, features):
            return features[:, :, 0, 0]

    sensible(n_classes, dropout)
    return nn.Sequential(Corner(), nn.Linear(n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))


@mistake("Only the averages are used. The maxima tell where a feature is strong, if only in one place.",
         caught_by="test_maxima_and_averages_both_count")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_features, 512), nn.ReLU(),
                         nn.Dropout(dropout),
                         nn.Linear(512, n_classes))


@mistake("There is no ReLU between the linear layers: together they can do no more than one of them.",
         caught_by="test_has_a_layer_that_bends")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))


@mistake("Numbers are dropped in eval() mode, too (F.dropout drops unless training=False is said).",
         caught_by="test_same_features_same_logits")
def new_head(n_features, n_classes, dropout=0.5):
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = ConcatPool()
            self.hidden, self.last = nn.Linear(2 * n_features, 512), nn.Linear(512, n_classes)

        def forward(self, features):
            return self.last(F.dropout(F.relu(self.hidden(self.pool(features))), dropout))

    sensible(n_classes, dropout)
    return Head()


@mistake("There is no dropout at all.", caught_by="test_drops_while_training")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Linear(512, n_classes))


@mistake("The share to drop is fixed at 0.5, whatever was asked for.",
         caught_by="test_drops_as_much_as_asked")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(512, n_classes))


@mistake("`dropout` is taken for the share to keep. It is the share to drop.",
         caught_by="test_drops_as_much_as_asked")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(1 - dropout),
                         nn.Linear(512, n_classes))


@mistake("A fixed seed gives every head the same weights.", caught_by="test_is_new_each_time")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                             nn.Linear(512, n_classes))


@mistake("The hidden layer is frozen. Everything in the new head must learn.",
         caught_by="test_everything_in_it_learns")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    hidden = nn.Linear(2 * n_features, 512).requires_grad_(False)
    return nn.Sequential(ConcatPool(), hidden, nn.ReLU(), nn.Dropout(dropout), nn.Linear(512, n_classes))


@mistake("The logits are squeezed between -1 and 1 (tanh): the loss can never come near 0.",
         caught_by="test_can_learn")
def new_head(n_features, n_classes, dropout=0.5):
    sensible(n_classes, dropout)
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes), nn.Tanh())


@mistake("One class, or a dropout of 1, gets a head. They must get a ValueError.",
         caught_by="test_refuses_what_makes_no_head")
def new_head(n_features, n_classes, dropout=0.5):
    return nn.Sequential(ConcatPool(), nn.Linear(2 * n_features, 512), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(512, n_classes))
