"""The devices that run one training step together (replicas of `tf.distribute`).

cluster      workers that the environment names     -> a strategy of all of them
strategy     devices of this machine, or of several -> a `tf.distribute` strategy
share        a step of all devices                  -> what one of them computes
workers      processes with a device each           -> one that decides, others that follow
sync         what the chief decides                 -> all workers, while `fit` runs
sharding     batches of images                      -> the rows that a worker trains on
"""

from gan_model.replicas.share import Share, count, mean, share, total
from gan_model.replicas.strategy import strategy
from gan_model.replicas.workers import Workers

__all__ = ["Share", "Workers", "count", "mean", "share", "strategy", "total"]
