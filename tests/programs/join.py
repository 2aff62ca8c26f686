"""Joins the workers that the environment names, and prints what each of them said.

python tests/programs/join.py TEXT
"""

import sys

from gan_model import replicas

workers = replicas.Workers(replicas.strategy())
print(workers.number, workers.all_gather_text(sys.argv[1]))
workers.barrier()
