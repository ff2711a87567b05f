"""Tasks on the workers of a Dask cluster: one started here, or one that exists.

What is finished is taken and released at once: Dask keeps results on the workers that made them, and would
compute them anew when such a worker dies. A job is shipped as a task of its own, so that the scheduler can
give it to workers that come later; each opens it once. What dies is Dask's to restart; whether a block is
finished is the ledger's to say.
"""

from __future__ import annotations

import json
import logging
import pickle
import time
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from simulator.ensemble.executors import Executor, Parcel, WorkerDiedError
from simulator.ensemble.jobs import Done, Work
from simulator.ensemble.preflight import check_cluster
from simulator.ensemble.resources import Resources, Tls
from simulator.ensemble.worker import do_tasks, shipped
from simulator.results.errors import BAD_INPUT, LostClusterError, OutputError

# Dask types each method for its synchronous and asynchronous use at once, which says nothing.
Client: TypeAlias = Any
Future: TypeAlias = Any
Security: TypeAlias = Any

#: Deaths of workers that Dask lets a task be part of before it is blamed for them.
ALLOWED_FAILURES = 3
#: Seconds to wait for the scheduler to answer, and for its first worker.
CONNECT_S, FIRST_WORKER_S = 20.0, 60.0
#: Seconds without a single worker after which waiting for another is pointless.
NO_WORKER_S = 300.0
#: Parcels in flight for each worker: one at work, one that waits so that none is idle.
PARCELS_A_WORKER = 2
#: Seconds of work in a parcel: at least so many, and as many as leave this process the second of these for each parcel.
PARCEL_S, PARCEL_S_A_WORKER = 3.0, 0.02
POLL_S = 0.02
COUNT_EVERY_S = 2.0


class ClusterPool:
    """Workers of a Dask cluster that do tasks.

    Attributes
    ----------
    parcels
        How many were handed over.
    """

    def __init__(self, client: Client) -> None:
        from distributed import as_completed

        self._client = client
        self._session = uuid.uuid4().hex[:8]
        self._jobs: dict[str, tuple[str, Future]] = {}
        self._pending: dict[Future, Parcel] = {}
        self._running = as_completed(loop=client.loop)
        self._added = self.parcels = 0
        self._threads: dict[str, int] = {}
        self._counted = self._seen = time.monotonic()
        self._count(0.0)

    @property
    def workers(self) -> int:
        """Worker processes alive."""
        self._count(COUNT_EVERY_S)
        return len(self._threads)

    @property
    def capacity(self) -> int:
        """Parcels worth having in flight now."""
        self._count(COUNT_EVERY_S)
        return PARCELS_A_WORKER * max(1, sum(self._threads.values()))

    @property
    def parcel_s(self) -> float:
        """Seconds of work that are worth a parcel: the more workers, the more, since this process serves all."""
        return max(PARCEL_S, PARCEL_S_A_WORKER * sum(self._threads.values()))

    def _count(self, every_s: float) -> None:
        """Ask the scheduler who is alive, now and then."""
        now = time.monotonic()
        if now - self._counted < every_s:
            return
        try:
            self._threads = self._client.nthreads()
        except Exception:  # lost: the tasks in flight say so
            return
        self._counted = now
        if self._threads:
            self._seen = now

    def add(self, job: Work) -> None:
        """Ship a job: as a task, which the scheduler can repeat on a worker that comes later."""
        data = pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)
        self._added += 1
        name = f"job-{self._session}-{self._added}"  # never that of another job, whatever its key
        future = self._client.submit(shipped, data, key=name, pure=False, priority=1)
        self._jobs[job.key] = name, future

    def remove(self, key: str) -> None:
        """Forget a job."""
        _, future = self._jobs.pop(key)
        future.release()

    def submit(self, parcel: Parcel) -> None:
        """Begin tasks of a known job."""
        self.parcels += 1
        key = f"parcel-{self._session}-{self.parcels}"
        name, job = self._jobs[parcel[0].job]
        # as bytes, for Dask would look for futures in every task
        sent = pickle.dumps(parcel, protocol=pickle.HIGHEST_PROTOCOL)
        future = self._client.submit(do_tasks, name, job, sent, key=key, pure=False)
        self._pending[future] = parcel
        self._running.add(future)

    def finished(self, timeout_s: float) -> list[tuple[Parcel, Sequence[Done | Exception]]]:
        """Parcels that ended since the last call, taken from the workers and released there."""
        deadline = time.monotonic() + timeout_s
        while not self._running.has_ready():
            if time.monotonic() > deadline:
                self._check_alive()
                return []
            time.sleep(POLL_S)
        futures = [future for future in self._running.next_batch(block=False) if future in self._pending]
        answers = self._answers(futures)
        ended = [(self._pending.pop(future), answer) for future, answer in zip(futures, answers, strict=True)]
        for future in futures:
            future.release()
        return ended

    def _answers(self, futures: list[Future]) -> list[Sequence[Done | Exception]]:
        """What came of parcels; where a parcel was lost, why, for each of its tasks."""
        if all(future.status == "finished" for future in futures):
            try:
                return list(self._client.gather(futures))
            except Exception:  # a worker died in between: one by one
                pass
        answers: list[Sequence[Done | Exception]] = []
        for future in futures:
            try:
                answers.append(future.result())
            except Exception as error:
                answers.append([told(error)] * len(self._pending[future]))
        return answers

    def _check_alive(self) -> None:
        self._count(COUNT_EVERY_S)
        silent_s = time.monotonic() - self._seen
        if silent_s > NO_WORKER_S:
            raise LostClusterError(
                f"{self._client.scheduler.address}: found no worker for {silent_s:.0f} seconds. What was finished is"
                " kept."
            )

    def abandon(self) -> None:
        """Cancel the tasks in flight."""
        self._running.clear()
        try:
            self._client.cancel(list(self._pending), force=True)
        except Exception:
            logging.getLogger(__name__).debug("tasks could not be cancelled", exc_info=True)
        self._pending.clear()


def told(error: Exception) -> Exception:
    """What a user should read of an error that Dask raised itself."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    if isinstance(error, KilledWorker):
        return WorkerDiedError(
            f"its workers died, {ALLOWED_FAILURES + 1} in a row: killed, or out of memory. Use smaller blocks"
            " (numerics.block) or workers with more memory"
        )
    if isinstance(error, FutureCancelledError | CancelledError):
        return LostClusterError("The scheduler of the cluster was lost. What was finished is kept.")
    return error


@contextmanager
def open_cluster(resources: Resources) -> Iterator[Executor]:
    """A session on a Dask cluster: one that exists, or one that lives as long as the body.

    Raises
    ------
    OutputError
        If it cannot be reached, must not be reached so, or has other versions than this process.
    """
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        if resources.scheduler is None:
            address: Any = stack.enter_context(_local_cluster(resources))
        else:
            address = scheduler_address(resources.scheduler)
            check_address(address, is_insecure=resources.is_insecure)
        client = stack.enter_context(_client(address, resources))
        _wait_for_workers(client)
        check_cluster(client)
        yield Executor(
            ClusterPool(client),
            retries=resources.retries,
            address=client.scheduler.address,
            dashboard=_dashboard(client),
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of lost connections and workers from the terminal: we tell it in a sentence."""
    import distributed  # noqa: F401 - sets up its loggers

    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in {"distributed", *known}}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def scheduler_address(scheduler: str) -> str:
    """Address of a scheduler, from the file that it wrote or as it was given.

    Raises
    ------
    OutputError
        If the file cannot be read or names none.
    """
    if not scheduler.endswith(".json"):
        return scheduler if "://" in scheduler else f"tcp://{scheduler}"
    try:
        return str(json.loads(Path(scheduler).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"--scheduler {scheduler}: cannot be read as a scheduler file: {error}. Give the file that dask"
            " scheduler --scheduler-file wrote, or an address.",
            BAD_INPUT,
        ) from error


def check_address(address: str, *, is_insecure: bool) -> None:
    """Refuse what is no address, and a connection that anybody on the way can read and use.

    Whoever can talk to a scheduler can run code on its workers.

    Raises
    ------
    OutputError
        If the address is not of the form ``tls://`` or, on this machine or with ``--insecure``, ``tcp://``.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("tcp", "tls") or not host or not port:
        raise OutputError(
            f"--scheduler {address}: found no address of a scheduler; allowed are tls://HOST:PORT, tcp://HOST:PORT"
            " and a scheduler file ending in .json.",
            BAD_INPUT,
        )
    if parts.scheme == "tcp" and not is_loopback(host) and not is_insecure:
        raise OutputError(
            f"--scheduler {address}: found a connection without encryption to another machine: anybody on the way"
            " could run code on the workers. Use tls:// with certificates, or say --insecure.",
            BAD_INPUT,
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and cannot be anything else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _client(address: Any, resources: Resources) -> Iterator[Client]:
    from distributed import Client as DaskClient

    name = address if isinstance(address, str) else "the local cluster"
    security: Security = _security(resources.tls) if resources.scheduler is not None else None
    if name.startswith("tls://") and not security.get_connection_args("client").get("ssl_context"):
        raise OutputError(
            f"--scheduler {name}: found no certificates; give them with --tls-ca, --tls-cert and --tls-key, or in"
            " the configuration of Dask (distributed.comm.tls).",
            BAD_INPUT,
        )
    with warnings.catch_warnings():  # other versions are told by us, once and clearly
        warnings.simplefilter("ignore")
        try:
            client: Client = DaskClient(address, security=security, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise OutputError(
                f"--scheduler {name}: cannot be reached: {error}. Check that it runs, its address, and with tls://"
                " the certificates."
            ) from error
    try:
        yield client
    finally:
        _close(client, 5)


def _security(tls: Tls | None) -> Security:
    from distributed import Security as DaskSecurity

    if tls is None:
        return DaskSecurity()  # the configuration of Dask
    for file in tls:
        if not file.is_file():
            raise OutputError(f"{file}: found no file there; give certificates in PEM form.", BAD_INPUT)
    authority, certificate, key = map(str, tls)
    return DaskSecurity(
        tls_ca_file=authority, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
    )


@contextmanager
def _local_cluster(resources: Resources) -> Iterator[Any]:
    """Worker processes of one thread each on this machine, which talk to who has this session's certificate alone."""
    import multiprocessing

    import dask
    from distributed import LocalCluster
    from distributed import Security as DaskSecurity

    advice = (
        "A script that starts worker processes is read again by each of them: put what it does under"
        ' if __name__ == "__main__":, or use threads.'
    )
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise OutputError(advice, BAD_INPUT)
    try:
        security = (
            DaskSecurity.temporary()
        )  # other users of this machine can connect, but are not listened to
    except ImportError as error:
        raise OutputError(
            "--workers: found no package cryptography, which keeps other users of this machine away from the"
            " workers. Install it (pip install 'unwind-simulator[cluster]'), or use --threads.",
            BAD_INPUT,
        ) from error
    settings = {
        "distributed.scheduler.worker-ttl": f"{resources.worker_ttl_s:g}s",
        "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        "distributed.worker.preload": ["simulator.ensemble.worker"],
        "distributed.worker.daemon": True,
        # Dask makes workers give back freed memory at once; a block would fault in its arrays again and again.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    }
    with dask.config.set(settings):
        try:
            cluster = LocalCluster(
                n_workers=resources.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                security=security,
                dashboard_address="127.0.0.1:0",
                memory_limit=resources.memory_of_worker or "auto",
                silence_logs=logging.CRITICAL,
            )
        except (RuntimeError, OSError, TimeoutError) as error:
            raise OutputError(f"The worker processes could not be started: {error}. {advice}") from error
        try:
            yield cluster
        finally:
            _close(cluster, 10)


def _close(what: Any, timeout_s: float) -> None:
    """Close a client or a cluster; that a dead worker makes it fail says nothing of the work, which is done."""
    try:
        what.close(timeout=timeout_s)
    except Exception:
        logging.getLogger(__name__).debug("could not be closed in time", exc_info=True)


def _wait_for_workers(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    except TimeoutError as error:
        raise OutputError(
            f"{client.scheduler.address}: found no worker within {FIRST_WORKER_S:.0f} seconds. Start some with dask"
            " worker, then run again."
        ) from error


def _dashboard(client: Client) -> str:
    """Address of the dashboard; empty if there is none."""
    try:
        services = client.scheduler_info(n_workers=0)["services"]
    except Exception:
        return ""
    return client.dashboard_link if "dashboard" in services else ""
