"""Training and held-out images with their labels, and the names of the classes."""


class Splits(tuple):
    """((train_images, train_labels), (test_images, test_labels)).

    Args:
        splits: the two pairs.
        class_names: list of texts; a label is a position in it. None: the classes have no names.
    """

    def __new__(cls, splits, class_names=None):
        made = super().__new__(cls, splits)
        made.class_names = class_names
        return made
