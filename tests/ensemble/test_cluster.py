"""Workers of a Dask cluster, as processes: the same bits as threads, and nothing that befalls them loses a block."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from distributed import LocalCluster, Security
from distributed.core import rpc

from simulator.ensemble import cluster as clustering
from simulator.ensemble.cluster import check_address, scheduler_address
from simulator.ensemble.description import layout_of, prepare_run
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.executors import Executor, WorkerDiedError
from simulator.ensemble.jobs import Done, Failed, Job, Reduce, Task
from simulator.ensemble.plan import plan_blocks
from simulator.ensemble.preflight import ADVICE
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.ensemble.under_way import Terms, run_under_way
from simulator.results.errors import BAD_INPUT, ENVIRONMENT, INTERRUPTED, OutputError
from simulator.results.folder import open_run
from simulator.results.reading import open_results, verify_run
from simulator.results.store import results_digest
from tests.ensemble import clusters
from tests.ensemble.clusters import (
    IS_X86,
    OTHER_PROCESSOR,
    Cluster,
    children,
    ended,
    is_worker,
    kill_tree,
    ledger_lines,
    unwind,
)
from tests.ensemble.conftest import TOY, load_toy, resume, run_command
from tests.patience import PATIENCE_S, communicated, is_late, wait_until

PATHS, BLOCK = 2400, 20
OVERRIDES = (f"paths={PATHS}", f"numerics.block={BLOCK}")
RUN = ("run", TOY, "--paths", str(PATHS), "--set", f"numerics.block={BLOCK}")


def digest(folder: Path) -> str:
    run = open_run(folder)
    return results_digest(run.store, run.layout)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of the run on one thread."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    run_scenario(load_toy(*OVERRIDES), folder, threads=1)
    return digest(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers, for tests that leave it as it is."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        started.start_worker()
        started.start_worker()
        yield started


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> Iterator[Executor]:
    with open_executor(Resources(scheduler=str(cluster.file), retries=0)) as executor:
        wait_until(lambda: executor.workers == 2, "two workers")
        yield executor


# The same bits


@pytest.mark.parametrize("block", [64, 512, 4096])
def test_one_session_serves_runs_of_any_blocks(
    session: Executor, tmp_path: Path, unbroken: str, block: int
) -> None:
    loaded = load_toy(f"paths={PATHS}", f"numerics.block={block}")
    outcome = run_scenario(loaded, tmp_path / "run", executor=session)
    assert digest(outcome.folder.path) == unbroken
    assert len(list((tmp_path / "run" / "outcomes").iterdir())) == -(-PATHS // block)
    workers = {finished.worker for finished in outcome.folder.finished.values()}
    assert len(workers) == min(2, -(-PATHS // block))
    assert all(str(os.getpid()) not in worker for worker in workers)


def test_three_workers_started_here_give_the_same_bits(tmp_path: Path, unbroken: str) -> None:
    process = unwind(*RUN, "-o", tmp_path / "run", "--workers", "3")
    code, said, complained = ended(process)
    assert code == 0, complained
    assert "Dashboard of the cluster: http://127.0.0.1:" in complained
    assert f"{PATHS:,} paths" in said
    assert digest(tmp_path / "run") == unbroken
    assert 2 <= len({block.worker for block in open_run(tmp_path / "run").finished.values()}) <= 3


# What befalls workers


@pytest.mark.parametrize(("most", "step"), [(3, 1), pytest.param(1_000, 21, marks=pytest.mark.slow)])
def test_workers_killed_again_and_again_cost_time_only(
    tmp_path: Path, unbroken: str, most: int, step: int
) -> None:
    """A worker dies whenever so many blocks were done, which come together the more the faster they are."""
    folder = tmp_path / "run"
    process = unwind(*RUN, "-o", folder, "--workers", "2", "--retries", "20")
    killed = 0
    while process.poll() is None:
        before = ledger_lines(folder)
        wait_until(lambda: ledger_lines(folder) >= before + step or process.poll() is not None, "no progress")  # noqa: B023
        workers = [child for child in children(process.pid) if is_worker(child)]
        if process.poll() is None and workers and killed < most:
            os.kill(random.Random(killed).choice(workers), signal.SIGKILL)
            killed += 1
    code, _, complained = ended(process)
    assert code == 0, complained
    assert killed >= 3
    assert digest(folder) == unbroken
    assert ledger_lines(folder) == PATHS // BLOCK  # no finished block was computed twice


def test_a_frozen_worker_is_given_up(tmp_path: Path, unbroken: str) -> None:
    ttl_s = 4.0
    (tmp_path / "cluster").mkdir()
    with Cluster(tmp_path / "cluster", ttl_s=ttl_s) as cluster:
        workers = [cluster.start_worker("--no-nanny", **PINNED) for _ in range(2)]
        process = unwind(*RUN, "-o", tmp_path / "run", "--scheduler", cluster.address)
        wait_until(lambda: ledger_lines(tmp_path / "run") > 10, "no progress")
        os.kill(workers[0].pid, signal.SIGSTOP)
        code, _, complained = ended(process)
        assert code == 0, complained
    assert digest(tmp_path / "run") == unbroken


def test_a_lost_scheduler_ends_clearly_and_the_run_resumes_on_another(tmp_path: Path, unbroken: str) -> None:
    folder = tmp_path / "run"
    (tmp_path / "cluster").mkdir()
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start_worker()
        process = unwind(*RUN, "-o", folder, "--scheduler", cluster.address)
        wait_until(lambda: ledger_lines(folder) > 10, "no progress")
        assert cluster.scheduler is not None
        kill_tree(cluster.scheduler)
        lost = time.monotonic()
        code, _, complained = ended(process)
        assert not is_late(lost, 60.0)
        assert code == ENVIRONMENT
        assert (
            "The scheduler of the cluster was lost. What was finished is kept. Resume with: unwind run"
            in complained
        )
        done = len(open_run(folder).finished)
        assert 10 <= done < PATHS // BLOCK
        cluster.start_scheduler()
        cluster.start_worker()
        code, _, complained = ended(unwind("resume", folder, "--scheduler", cluster.file))
        assert code == 0, complained
    assert digest(folder) == unbroken
    assert ledger_lines(folder) == PATHS // BLOCK


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_the_whole_tree_killed_at_random_moments(tmp_path: Path, unbroken: str, kills: int) -> None:
    folder = tmp_path / "run"
    chance = random.Random(kills)
    for _ in range(kills):
        before = ledger_lines(folder)
        process = unwind(*RUN, "-o", folder, "--workers", "2")
        step = max(2, PATHS // BLOCK // (2 * kills))
        wait_until(lambda: ledger_lines(folder) >= before + step or process.poll() is not None, "no progress")  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.1))
        kill_tree(process)
    recorded = len(open_run(folder).finished)
    assert 0 < recorded < PATHS // BLOCK
    assert resume(folder) == 0
    assert digest(folder) == unbroken
    assert verify_run(folder) == []
    assert ledger_lines(folder) == PATHS // BLOCK


def test_ctrl_c_finishes_what_is_in_flight(tmp_path: Path, unbroken: str) -> None:
    folder = tmp_path / "run"
    process = unwind(*RUN, "-o", folder, "--workers", "2")
    wait_until(lambda: ledger_lines(folder) > 5, "no progress")
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    code, said, complained = ended(process)
    assert not is_late(asked, 15.0)
    assert (code, said) == (INTERRUPTED, "")
    assert "paths are done. Resume with: unwind run" in complained
    assert 0 < len(open_run(folder).finished) < PATHS // BLOCK
    assert resume(folder) == 0
    assert digest(folder) == unbroken


def test_workers_that_cannot_be_closed_leave_a_complete_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closes = LocalCluster.close

    def late(cluster: LocalCluster, timeout: float | None = None) -> None:
        closes(cluster, timeout)
        raise TimeoutError  # an error of the system to Python, as those of a disk are

    monkeypatch.setattr(LocalCluster, "close", late)
    code = run_command(load_toy(), output=tmp_path / "run", resources=Resources(workers=1))
    assert (code, open_run(tmp_path / "run").manifest.status) == (0, "complete")
    assert "disk" not in capsys.readouterr().err


@pytest.mark.parametrize("moment", [pytest.param("between files", marks=pytest.mark.slow), "within a file"])
def test_a_worker_killed_while_it_writes_a_block_leaves_nothing_that_counts(
    tmp_path: Path, unbroken: str, moment: str
) -> None:
    died = tmp_path / "died"
    with (
        open_executor(Resources(workers=2, retries=0)) as executor,
        run_under_way(load_toy(*OVERRIDES), tmp_path / "run", Terms()) as under_way,
    ):
        outcomes = tmp_path / "run" / "outcomes"
        job = replace(
            under_way.job,
            reduce=partial(clusters.die_once, died, outcomes if "within" in moment else None),
        )
        executor.add(job)
        with closing(executor.results(under_way.tasks())) as parcels:
            for results in parcels:
                assert all(isinstance(result, Done) for result in results)
                under_way.record(results)
        executor.remove(job.key)
        assert len(list(outcomes.glob("*.partial"))) == (moment == "within a file")
        under_way.finish()
    assert died.exists()
    assert ledger_lines(tmp_path / "run") == PATHS // BLOCK
    assert verify_run(tmp_path / "run") == []
    assert digest(tmp_path / "run") == unbroken


# Blocks that fail


def poisoned(executor: Executor, reduce: Reduce, marked: int = 2) -> dict[int, Done | Failed]:
    """Eight blocks of which one, the third, is poison to the workers; nothing is stored."""
    loaded = load_toy("paths=64")
    prepared = prepare_run(loaded)
    job = Job("poisoned", prepared, layout_of(loaded.scenario, prepared), None, reduce=reduce)
    executor.add(job)
    with closing(executor.results([Task(job.key, block) for block in plan_blocks(64, 8)])) as parcels:
        found = {result.task.part.number: result for results in parcels for result in results}
    executor.remove(job.key)
    assert sorted(found) == list(range(8))
    assert [number for number, result in found.items() if isinstance(result, Failed)] == [marked]
    return found


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> float:
    """By which the third block is known."""
    folder = tmp_path_factory.mktemp("marker") / "run"
    run_scenario(load_toy("paths=24"), folder)
    return float(open_results(folder)["fundamental_yield_change"][16, -1, 0])


def test_a_block_that_fails_on_a_worker_is_told_and_the_others_go_on(
    session: Executor, marker: float
) -> None:
    failed = poisoned(session, partial(clusters.fail_at, marker))[2]
    assert isinstance(failed, Failed)
    assert (type(failed.error), str(failed.error), failed.attempts) == (ValueError, "poison", 1)


def test_a_block_that_kills_its_workers_is_given_up_and_the_others_go_on(
    marker: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustering, "ALLOWED_FAILURES", 0)  # two workers die of it, not eight
    with open_executor(Resources(workers=2, retries=1)) as executor:
        failed = poisoned(executor, partial(clusters.die_at, marker))[2]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, WorkerDiedError)
    assert "its workers died, 1 in a row" in str(failed.error)
    assert failed.attempts == 2


@pytest.mark.slow  # the nanny looks at memory now and then, and lets four workers die of it
def test_a_block_that_takes_all_memory_is_given_up_and_the_others_go_on(marker: float) -> None:
    with open_executor(Resources(workers=2, memory_of_worker=900_000_000)) as executor:
        failed = poisoned(executor, partial(clusters.eat_at, marker))[2]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, WorkerDiedError)


# Who may work


PINNED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@pytest.mark.parametrize("kind", ["source", "linear algebra"])
def test_workers_that_would_compute_otherwise_are_refused(tmp_path: Path, kind: str) -> None:
    environment = dict(PINNED)
    if kind == "source":
        subprocess.run(["cp", "-r", clusters.ROOT / "simulator", tmp_path / "simulator"], check=True)
        with (tmp_path / "simulator" / "market" / "impact.py").open("a") as module:
            module.write("\n# another version\n")
        environment["PYTHONPATH"] = str(tmp_path)
    else:
        environment |= {"OMP_NUM_THREADS": "2", **OTHER_PROCESSOR}
    (tmp_path / "cluster").mkdir()
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start_worker("--no-nanny", **environment)
        with pytest.raises(OutputError) as refused, open_executor(Resources(scheduler=cluster.address)):
            pass
    said = str(refused.value)
    expected = (
        "source of the model is" if kind == "source" else "threads of linear algebra is 1 here, several"
    )
    assert expected in said
    assert ("arithmetic of the processor is" in said) is (kind == "linear algebra" and IS_X86)
    assert "1 of 1 workers, such as tcp://127.0.0.1:" in said
    assert said.endswith(ADVICE)


def test_strangers_are_refused_by_workers_started_here(tmp_path: Path) -> None:
    strangers = {"tcp": Security(), "tls": Security.temporary()}
    with clustering._local_cluster(Resources(workers=1)) as cluster:
        (nanny,) = cluster.workers.values()
        for address in (cluster.scheduler_address, nanny.address, nanny.worker_address):
            marker = tmp_path / address.rpartition(":")[2]
            asyncio.run(
                command(address, cluster.security, marker, PATIENCE_S)
            )  # whoever has the certificate may
            assert marker.exists()
            marker.unlink()
            for scheme, stranger in strangers.items():
                with pytest.raises(OSError, match=r"before comm was established|[Tt]imed out"):
                    asyncio.run(command(f"{scheme}://{address.partition('://')[2]}", stranger, marker))
                assert not marker.exists()


def test_workers_are_not_started_unprotected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with (
        pytest.raises(OutputError, match=r"found no package cryptography.*Install it") as refused,
        open_executor(Resources(workers=1)),
    ):
        pass
    assert refused.value.exit_code == BAD_INPUT


async def command(address: str, security: Security, marker: Path, patience_s: float = 2.0) -> None:
    """Have the worker that listens at an address, or all that a scheduler has, make a file."""
    words = {"function": pickle.dumps(partial(Path.touch, marker))}
    identity = security.get_connection_args("client")
    async with rpc(address, connection_args=identity, timeout=patience_s) as there:
        if (await there.identity())["type"] == "Scheduler":
            await there.broadcast(msg={"op": "run", **words})
        else:
            await there.run(**words)


def test_encrypted_clusters_need_a_certificate(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    authority, certificate, key = make_certificates(tmp_path)
    files = ["--tls-ca", str(authority), "--tls-cert", str(certificate), "--tls-key", str(key)]
    dask = ["--tls-ca-file", str(authority), "--tls-cert", str(certificate), "--tls-key", str(key)]
    with Cluster(tmp_path / "cluster", tls=dask) as cluster:
        cluster.start_worker()
        assert cluster.address.startswith("tls://127.0.0.1:")
        words = ("run", TOY, "-o", tmp_path / "run", "--scheduler", cluster.address)
        code, _, complained = ended(unwind(*words, *files))
        assert code == 0, complained
        code, _, complained = ended(unwind(*words[:3], tmp_path / "other", *words[4:]))
        assert code == BAD_INPUT
        assert "found no certificates; give them with --tls-ca" in complained
    assert verify_run(tmp_path / "run") == []


REQUEST = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=unwind"]


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A certificate that signs itself, which is its own authority, as the guide makes it."""
    names = [folder / f"{name}.pem" for name in ("ca", "cert", "key")]
    subprocess.run(
        [*REQUEST, "-keyout", str(names[2]), "-out", str(names[1])],
        check=True,
        capture_output=True,
    )
    names[0].write_bytes(names[1].read_bytes())
    return names[0], names[1], names[2]


@pytest.mark.parametrize(
    ("address", "insecure", "words"),
    [
        ("tcp://10.0.0.7:8786", False, "without encryption"),
        ("tcp://scheduler:8786", False, "without encryption"),
        ("tcp://127.0.0.1.evil.example:8786", False, "without encryption"),
        ("tcp://[2001:db8::1]:8786", False, "without encryption"),
        ("ucx://10.0.0.7:8786", True, "no address"),
        ("inproc://1", True, "no address"),
        ("tcp://localhost", True, "no address"),
        ("tcp://localhost:x", True, "no address"),
        ("tls://", False, "no address"),
    ],
)
def test_addresses_that_are_refused(address: str, insecure: bool, words: str) -> None:
    with pytest.raises(OutputError, match=words) as refused:
        check_address(address, is_insecure=insecure)
    assert refused.value.exit_code == BAD_INPUT


@pytest.mark.parametrize(
    ("address", "insecure"),
    [
        ("tcp://127.0.0.1:8786", False), ("tcp://localhost:1", False), ("tcp://[::1]:1", False),
        ("tls://scheduler.example:8786", False), ("tcp://10.0.0.7:8786", True),
    ],
)  # fmt: skip
def test_addresses_that_are_accepted(address: str, insecure: bool) -> None:
    check_address(address, is_insecure=insecure)


def test_scheduler_files(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text('{"address": "tls://a:1"}')
    assert scheduler_address(str(file)) == "tls://a:1"
    assert scheduler_address("127.0.0.1:8786") == "tcp://127.0.0.1:8786"
    for text in ("", "{}", "[]", "null"):
        file.write_text(text)
        with pytest.raises(OutputError, match="cannot be read as a scheduler file"):
            scheduler_address(str(file))


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "CONNECT_S", 1.0)
    resources = Resources(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:9: cannot be reached"), open_executor(resources):
        pass


SCRIPT = """
from pathlib import Path
from simulator.ensemble.execution import run_scenario
from simulator.ensemble.resources import Resources
from simulator.scenario.loading import load_scenario
run_scenario(load_scenario({toy!r}), Path({folder!r}), resources=Resources(workers=1))
"""


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(toy=str(TOY), folder=str(tmp_path / "run")))
    environment = os.environ | {"PYTHONPATH": str(clusters.ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    code, _, complained = communicated(
        subprocess.Popen([sys.executable, str(script)], text=True, env=environment, **pipes)
    )
    assert code
    assert 'put what it does under if __name__ == "__main__":' in complained


def test_a_folder_that_workers_do_not_see_or_that_was_taken_over_is_told(
    session: Executor, tmp_path: Path
) -> None:
    lock = tmp_path / "run" / ".lock"
    with run_under_way(load_toy(), lock.parent, Terms()) as under_way:
        ours = lock.read_bytes()
        for said, words in ((None, "is not seen from the worker on"), (b'{"token": "x"}', "has taken over")):
            lock.unlink(missing_ok=True) if said is None else lock.write_bytes(said)
            session.add(under_way.job)
            with pytest.raises(OutputError, match=words):
                list(session.results(under_way.tasks()))
            session.remove(under_way.job.key)
        lock.write_bytes(ours)
    assert not list(under_way.run.store.glob("dislocation/c.*"))
    assert not list((lock.parent / "outcomes").iterdir())
