"""Whether the workers of a cluster would compute what this process would: versions, sources, linear algebra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.results.errors import OutputError
from simulator.version import __version__

#: Packages whose version may decide a number or the form of what is sent and stored.
PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "zarr",
    "numcodecs",
    "google-crc32c",
    "distributed",
    "cloudpickle",
)
LINEAR_ALGEBRA = "threads of linear algebra"
ARITHMETIC = "arithmetic of the processor"
ADVICE = (
    "Install the same environment everywhere (pip install -r requirements.lock), or start the workers from the"
    " environment of this command."
)
ADVICE_ON_PROCESSORS = "Let workers and this command run on processors of one kind."


def check_cluster(client: Any) -> None:
    """Refuse workers with other versions than this process, naming what differs and where.

    Raises
    ------
    OutputError
        With every difference.
    """
    said = client.get_versions(packages=list(PACKAGES))
    ours = _packages(said["client"])
    found = _differences(ours, {name: _packages(info) for name, info in said["workers"].items()})
    if not found:  # with other packages, our own code might not even be read there
        found = _differences(facts() | {LINEAR_ALGEBRA: "1"}, _facts_of_workers(client))
    if found:
        is_processor = len(found) == 1 and found[0].startswith(ARITHMETIC)
        raise OutputError(
            f"{client.scheduler.address}: the workers differ from this process: {'; '.join(found)}."
            f" {ADVICE_ON_PROCESSORS if is_processor else ADVICE}"
        )


def facts() -> dict[str, str]:
    """What decides the bits of a result in this process, besides the versions of packages."""
    import os

    from simulator.results.arithmetic import arithmetic_sha256
    from simulator.results.manifest import source_sha256

    pinned = all(
        os.environ.get(name) == "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    )
    return {
        "unwind-simulator": __version__,
        "source of the model": source_sha256()[:12],
        ARITHMETIC: arithmetic_sha256()[:12],
        LINEAR_ALGEBRA: "1"
        if pinned
        else "several (set OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and MKL_NUM_THREADS to 1)",
    }


def _facts_of_workers(client: Any) -> dict[str, Mapping[str, str]]:
    answers = client.run(facts, on_error="return")
    return {
        worker: {"unwind-simulator": f"cannot be used ({answer})"}
        if isinstance(answer, BaseException)
        else answer
        for worker, answer in answers.items()
    }


def _packages(info: Mapping[str, Any] | None) -> dict[str, str]:
    packages = (info or {}).get("packages", {})
    python = ".".join(str(packages.get("python", "?")).split(".")[:3])
    return {"python": python} | {name: str(packages.get(name)) for name in PACKAGES}


def _differences(ours: Mapping[str, str], theirs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Each fact that some worker has otherwise, with how many do and one of them."""
    found = []
    for name, value in ours.items():
        others = {
            worker: facts[name] for worker, facts in theirs.items() if name in facts and facts[name] != value
        }
        if others:
            worker, other = next(iter(others.items()))
            count = f"{len(others)} of {len(theirs)} workers, such as {worker}"
            found.append(f"{name} is {value} here, {other} on {count}")
    return found
