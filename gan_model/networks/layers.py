"""The layers of a network."""


def every_layer(network):
    """The network and all its layers, including wrapped and nested ones."""
    return network._flatten_layers()
