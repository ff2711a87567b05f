"""A session of work on the resources that were asked for: threads here, or the workers of a cluster.

>>> with open_executor(Resources(threads=2)) as executor:  # doctest: +SKIP
...     executor.add(job)
...     with closing(executor.results(tasks, stop)) as results:
...         for result in results:  # Done or Failed, as they come
...             ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from simulator.ensemble.executors import Executor
from simulator.ensemble.resources import Resources


@contextmanager
def open_executor(resources: Resources) -> Iterator[Executor]:
    """A session on the resources that were asked for; it ends with the body.

    Raises
    ------
    OutputError
        If the cluster cannot be reached or used; the message says why.
    """
    if resources.are_threads:
        from simulator.ensemble.threads import open_threads

        with open_threads(resources) as executor:
            yield executor
    else:
        from simulator.ensemble.cluster import open_cluster

        with open_cluster(resources) as executor:
            yield executor
