"""The cost that the logistic and the relativistic losses have in common."""

from keras import ops


def mean_softplus(scores):
    """The mean of log(1 + exp(score)), a scalar; linear in large scores, so it never overflows."""
    return ops.mean(ops.softplus(scores))
