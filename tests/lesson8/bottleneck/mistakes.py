from torch import nn
from torch.nn.functional import relu

from petkata.checking import mistake


class Block(nn.Module):
    """A right block, but for what its options make wrong."""

    def __init__(self, n_in, n_mid, n_out, stride, bias=False, strides=None, norm=nn.BatchNorm2d, always=False,
                 shortcut_norm=True, relus=(1, 1), last_relu=True, early_relu=False, around=True):
        super().__init__()
        strides = strides or (1, stride, 1)
        self.conv1 = nn.Conv2d(n_in, n_mid, 1, strides[0], bias=bias)
        self.conv2 = nn.Conv2d(n_mid, n_mid, 3, strides[1], padding=1, bias=bias)
        self.conv3 = nn.Conv2d(n_mid, n_out, 1, strides[2], bias=bias)
        self.bn1, self.bn2, self.bn3 = norm(n_mid), norm(n_mid), norm(n_out)
        self.downsample = nn.Identity()
        if always or stride != 1 or n_in != n_out:
            convolution = nn.Conv2d(n_in, n_out, 1, stride, bias=bias)
            self.downsample = nn.Sequential(convolution, norm(n_out)) if shortcut_norm else convolution
        self.relus, self.last_relu, self.early_relu, self.around = relus, last_relu, early_relu, around

    def forward(self, x):
        y = self.bn1(self.conv1(x))
        y = relu(y) if self.relus[0] else y
        y = self.bn2(self.conv2(y))
        y = relu(y) if self.relus[1] else y
        y = self.bn3(self.conv3(y))
        y = relu(y) if self.early_relu else y
        y = y + self.downsample(x) if self.around else y
        return relu(y) if self.last_relu else y


def above_0(*sizes):
    if min(sizes) < 1:
        raise ValueError("1 or more")


@mistake("The stride is not used.", caught_by="test_gives_the_shape_asked_for")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, 1)


@mistake("The 3x3 convolution has no padding, so it cuts off the rim of the picture.",
         caught_by="test_gives_the_shape_asked_for")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    block = Block(n_in, n_mid, n_out, stride)
    block.conv2.padding = (0, 0)
    return block


@mistake("This is the basic block: two 3x3 convolutions. A bottleneck is narrow in the middle.",
         caught_by="test_has_three_convolutions_and_a_shortcut")
def bottleneck(n_in, n_mid, n_out, stride=1):
    from petkata.nets.petnet import BasicBlock

    above_0(n_in, n_mid, n_out, stride)
    return BasicBlock(n_in, n_out, stride)


@mistake("n_mid is not used: the middle is always a quarter of n_out.",
         caught_by="test_has_three_convolutions_and_a_shortcut")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, max(n_out // 4, 1), n_out, stride)


@mistake("There is a convolution on every shortcut. Where the shape stays, the input goes around as it is.",
         caught_by="test_has_three_convolutions_and_a_shortcut")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, always=True)


@mistake("There is no shortcut: these are three convolutions in a row.",
         caught_by="test_has_three_convolutions_and_a_shortcut")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return nn.Sequential(
        nn.Conv2d(n_in, n_mid, 1, bias=False), nn.BatchNorm2d(n_mid), nn.ReLU(),
        nn.Conv2d(n_mid, n_mid, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n_mid), nn.ReLU(),
        nn.Conv2d(n_mid, n_out, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(),
    )


@mistake("The convolutions have a bias. The BatchNorm after each takes it away again.", caught_by="test_has_no_bias_to_spare")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, bias=True)


@mistake("There is no BatchNorm.", caught_by="test_a_batch_norm_for_each_convolution")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, norm=lambda n: nn.Identity())


@mistake("The convolution of the shortcut has no BatchNorm.", caught_by="test_a_batch_norm_for_each_convolution")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, shortcut_norm=False)


@mistake("Where the shape stays, the shortcut is left out. It is the input as it is.",
         caught_by="test_without_weights_the_picture_goes_through")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, around=stride != 1 or n_in != n_out)


@mistake("The last ReLU comes before the sum. It comes after it.", caught_by="test_without_weights_the_picture_goes_through")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, early_relu=True, last_relu=False)


@mistake("A ReLU stands on the main path before the sum, too. There the path could only ever add.",
         caught_by="test_computes_what_a_bottleneck_computes")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, early_relu=True)


@mistake("There is no ReLU at the end.", caught_by="test_without_weights_the_picture_goes_through")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, last_relu=False)


@mistake("The first 1x1 convolution has the stride. Then most pixels are never looked at; give it to the 3x3.",
         caught_by="test_the_middle_convolution_has_the_stride")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, strides=(stride, 1, 1))


@mistake("The last 1x1 convolution has the stride. Most of what the 3x3 computed is thrown away; give it to the 3x3.",
         caught_by="test_the_middle_convolution_has_the_stride")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, strides=(1, 1, stride))


@mistake("There is no ReLU between the convolutions: three in a row are then hardly more than one.",
         caught_by="test_computes_what_a_bottleneck_computes")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, relus=(0, 0))


@mistake("The second ReLU, after the 3x3 convolution, is missing.", caught_by="test_computes_what_a_bottleneck_computes")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return Block(n_in, n_mid, n_out, stride, relus=(1, 0))


class InPlace(Block):
    def forward(self, x):
        y = self.bn3(self.conv3(relu(self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))))))
        around = self.downsample(x)
        around += y
        return relu(around)


@mistake("The sum is written over the input (`+=` on the shortcut). The gradient needs the input as it was.",
         caught_by="test_leaves_the_pictures_alone")
def bottleneck(n_in, n_mid, n_out, stride=1):
    above_0(n_in, n_mid, n_out, stride)
    return InPlace(n_in, n_mid, n_out, stride)


@mistake("Numbers below 1 are taken as they are. They must get a ValueError.", caught_by="test_refuses_numbers_below_1")
def bottleneck(n_in, n_mid, n_out, stride=1):
    if min(n_in, n_mid, n_out) < 1:
        raise ValueError("channels")
    return Block(n_in, n_mid, n_out, max(stride, 1))
