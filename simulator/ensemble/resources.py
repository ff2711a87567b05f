"""Where to work: threads of this process, worker processes started here, or a cluster that exists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simulator.results.errors import BAD_INPUT, OutputError


class Tls(NamedTuple):
    """Files of a TLS identity: the authority that signed everybody, our certificate, and its key."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Resources:
    """Where to work, and how patiently.

    Parameters
    ----------
    threads
        Threads of this process; all cores by default. For threads alone.
    workers
        Processes of a Dask cluster that is started here and ends with the session.
    scheduler
        Address (``tls://…``, ``tcp://…``) or scheduler file of a Dask cluster that exists.
    tls
        Identity for ``tls://``; the configuration of Dask by default.
    is_insecure
        Allow a connection without encryption to another machine.
    retries
        Further attempts at a task that failed.
    worker_ttl_s
        Silence after which a worker counts as dead; of a cluster that is started here.
    memory_of_worker
        Bytes a worker may use, of a cluster that is started here; its share of the machine by default.
    """

    threads: int | None = None
    workers: int | None = None
    scheduler: str | None = None
    tls: Tls | None = None
    is_insecure: bool = False
    retries: int = 1
    worker_ttl_s: float = 60.0
    memory_of_worker: int | None = None

    @property
    def are_threads(self) -> bool:
        """Whether the work is done in this process."""
        return self.workers is None and self.scheduler is None

    def __post_init__(self) -> None:
        """Refuse two places at once, and an identity without a cluster to show it to.

        Raises
        ------
        OutputError
            If the options contradict each other.
        """
        asked = {"--threads": self.threads, "--workers": self.workers, "--scheduler": self.scheduler}
        given = [option for option, value in asked.items() if value is not None]
        if len(given) > 1:
            raise OutputError(
                f"{' and '.join(given)}: found several places to work; allowed is one.", BAD_INPUT
            )
        if self.scheduler is None and (self.tls is not None or self.is_insecure):
            raise OutputError(
                "--tls-* and --insecure go with --scheduler: allowed are both or neither.", BAD_INPUT
            )


def tls_of(authority: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    """The TLS identity that was given; none if nothing was.

    Raises
    ------
    OutputError
        If a part of it is missing.
    """
    if authority is None and certificate is None and key is None:
        return None
    if authority is None or certificate is None or key is None:
        raise OutputError(
            "--tls-ca, --tls-cert and --tls-key: found some of them; allowed are all three or none.",
            BAD_INPUT,
        )
    return Tls(authority, certificate, key)
