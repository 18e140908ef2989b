import torch

from petkata.checking import mistake


def fit(images, mean, std):
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise ValueError("pictures")
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise ValueError("statistics")


def column(values, images):
    return torch.as_tensor(values, dtype=images.dtype).view(1, 3, 1, 1)


@mistake("The mean is taken away, but nothing is divided by the std.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return images - column(mean, images)


@mistake("Only divided by the std: the mean is not taken away.", caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return images / column(std, images)


@mistake("First divided, then the mean taken away. It is the other way round.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return images / column(std, images) - column(mean, images)


@mistake("Divided by the variance (std times std). Divide by the std itself.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - column(mean, images)) / column(std, images) ** 2


@mistake("Multiplied by the std. Divide by it.", caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - column(mean, images)) * column(std, images)


@mistake("All channels get the same numbers, the average of the three. Each has its own.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - sum(mean) / 3) / (sum(std) / 3)


@mistake("Mean and std are measured on these pictures, and those that were given are not used.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - images.mean((0, 2, 3), keepdim=True)) / images.std((0, 2, 3), keepdim=True,
                                                                        correction=0).clamp(min=1e-6)


@mistake("Each picture is brought to the same brightness first. The same numbers go for all pictures.",
         caught_by="test_the_numbers_given_count_not_those_of_the_pictures")
def normalize(images, mean, std):
    fit(images, mean, std)
    many = images.shape[2] * images.shape[3] > 1
    level = images.mean((2, 3), keepdim=True) - column(mean, images) if many else 0
    return (images - level - column(mean, images)) / column(std, images)


@mistake("Mean and std meet the wrong dimension (the width): without view they are lined up from the right.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    width = images.shape[3]
    mean, std = (torch.as_tensor(values, dtype=images.dtype).repeat(width)[:width] for values in (mean, std))
    return (images - mean) / std


@mistake("The pictures are turned to have their channels last, and stay so.",
         caught_by="test_keeps_shape_and_type")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images.permute(0, 2, 3, 1) - torch.as_tensor(mean)) / torch.as_tensor(std)


@mistake("The pictures come back in 64 bits, which the network's weights do not take.",
         caught_by="test_keeps_shape_and_type")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - column(mean, images).double()) / column(std, images).double()


@mistake("The pictures that were given are changed (-= and /=), so the next call normalizes them again.",
         caught_by="test_keeps_shape_and_type")
def normalize(images, mean, std):
    fit(images, mean, std)
    images -= column(mean, images)
    images /= column(std, images)
    return images


@mistake("ImageNet's numbers are used, whatever was given. Each pretraining has its own.",
         caught_by="test_a_red_of_three_quarters")
def normalize(images, mean, std):
    fit(images, mean, std)
    return (images - column([0.485, 0.456, 0.406], images)) / column([0.229, 0.224, 0.225], images)


@mistake("Pictures of whole numbers, 0 to 255, are taken as they are. They must get a ValueError.",
         caught_by="test_refuses_what_are_no_pictures")
def normalize(images, mean, std):
    if images.ndim != 4 or images.shape[1] != 3 or len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise ValueError("pictures")
    images = images.float() if not images.is_floating_point() else images
    return (images - column(mean, images)) / column(std, images)


@mistake("One mean for three channels, or an std of 0, gets a result. They must get a ValueError.",
         caught_by="test_refuses_wrong_statistics")
def normalize(images, mean, std):
    fit(images, [0.5] * 3, [0.5] * 3)
    mean, std = (torch.as_tensor(values, dtype=images.dtype).view(1, -1, 1, 1)[:, :3]
                 for values in (mean, std))
    return (images - mean) / std
