"""What a transactional store (Icechunk) would cost in place of chunks, ledger and lock: the figures of decision 25.

    unwind run toy --paths 10000 --set numerics.block=512 -o RUN
    pip install icechunk
    python -m benchmarks.transactional_store RUN [--s3 BUCKET] [--kills 51]

Takes the chunks of a run that exists, so that nothing is simulated, and writes them block after block: as runs are
written today, and as one commit a block with the ledger's line in it. Then writers that come at once, a writer that is
killed again and again, and one object injured of each kind. With ``--s3`` the stores lie in a bucket of the server that
``AWS_ENDPOINT_URL`` names; injuries and kills on local disk only.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.results.folder import RunFolder, open_run
from simulator.results.layout import Layout
from simulator.results.ledger import append_blocks, create_ledger, ledger_file
from simulator.results.places import is_local, make_folder, names, place, put
from simulator.results.template import create_template

WRITERS, COMMITS = 4, 20


def chunks_of(run: RunFolder, block: int) -> dict[str, bytes]:
    """Chunks of a block as they lie on disk, by ``array/name``."""
    arrays = [field.variable.name for field in run.layout.fields()]
    files = [file for name in arrays for file in (run.store / name).glob(f"c.{block}*")]
    return {
        f"{file.parent.name}/{file.name}": file.read_bytes()
        for file in files
        if file.name.split(".")[1] == str(block)
    }


def write_as_today(run: RunFolder, folder: Path) -> float:
    """Seconds to write all blocks and their lines: every chunk read back, every line forced to disk."""
    make_folder(folder)
    create_template(folder / "results.zarr", run.layout)
    create_ledger(ledger_file(folder))
    blocks = [(block, chunks_of(run, number)) for number, block in sorted(run.finished.items())]
    started = time.perf_counter()
    for block, chunks in blocks:
        put(folder / "results.zarr", chunks)
        append_blocks(ledger_file(folder), run.manifest.run_key, [block])
    return time.perf_counter() - started


# Icechunk


def storage_of(where: str) -> Any:
    import icechunk

    protocol, _, rest = where.partition("://")
    if protocol != "s3":
        return icechunk.local_filesystem_storage(where)
    bucket, _, prefix = rest.partition("/")
    address = os.environ["AWS_ENDPOINT_URL"]
    return icechunk.s3_storage(
        bucket=bucket, prefix=prefix, region="us-east-1", endpoint_url=address, allow_http=True,
        force_path_style=True, from_env=True,
    )  # fmt: skip


def new_repository(where: str, layout: Layout, store: Path) -> Any:
    """A repository with the arrays of a run and no block."""
    import icechunk

    repository = icechunk.Repository.create(storage_of(where))
    session = repository.writable_session("main")
    metadata = {"zarr.json": (store / "zarr.json").read_bytes()}
    for field in layout.fields():
        said = json.loads((store / field.variable.name / "zarr.json").read_bytes())
        said["chunk_key_encoding"] = {"name": "default", "configuration": {"separator": "/"}}
        metadata[f"{field.variable.name}/zarr.json"] = json.dumps(said).encode()
    metadata["zarr.json"] = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}).encode()
    set_all(session.store, metadata)
    session.commit("begun")
    return repository


def set_all(store: Any, values: dict[str, bytes]) -> None:
    """Put values into a store side by side."""
    from zarr.core.buffer import default_buffer_prototype

    buffer = default_buffer_prototype().buffer

    async def put_each() -> None:
        await asyncio.gather(*[store.set(name, buffer.from_bytes(data)) for name, data in values.items()])

    asyncio.run(put_each())


def get_all(store: Any, wanted: list[str]) -> dict[str, bytes]:
    from zarr.core.buffer import default_buffer_prototype

    async def get_each() -> list[Any]:
        return await asyncio.gather(*[store.get(name, default_buffer_prototype()) for name in wanted])

    found = asyncio.run(get_each())
    return {name: b"" if data is None else data.to_bytes() for name, data in zip(wanted, found, strict=True)}


def keys(chunks: dict[str, bytes]) -> dict[str, bytes]:
    """Chunks under the names that Icechunk knows: ``c/1/0`` for ``c.1.0``."""
    return {name.replace("/c.", "/c/").replace(".", "/"): data for name, data in chunks.items()}


def commit_block(repository: Any, chunks: dict[str, bytes], entry: dict[str, Any]) -> int:
    """Commit a block with its line; how many times it had to be put on top of others' commits."""
    import icechunk

    session = repository.writable_session("main")
    set_all(session.store, keys(chunks))
    message, metadata = f"block {entry['block']}", {"entry": json.dumps(entry)}
    for rebased in range(1000):
        try:
            session.commit(message, metadata)
            return rebased
        except icechunk.ConflictError:
            session.rebase(icechunk.ConflictDetector())
    raise RuntimeError("never got its turn")


def ledger_of(repository: Any) -> dict[int, dict[str, Any]]:
    """Lines of all blocks, from the history."""
    history = repository.ancestry(branch="main")
    entries = [json.loads(commit.metadata["entry"]) for commit in history if "entry" in commit.metadata]
    return {entry["block"]: entry for entry in entries}


def hash_of(chunks: dict[str, bytes]) -> str:
    return hashlib.sha256(b"".join(chunks[name] for name in sorted(chunks))).hexdigest()


def entry_of(run: RunFolder, number: int, chunks: dict[str, bytes]) -> dict[str, Any]:
    return {**asdict(run.finished[number]), "chunks": hash_of(keys(chunks))}


def whole_blocks(repository: Any, run: RunFolder) -> set[int]:
    """Blocks whose line is in the history and whose chunks are what it says."""
    store = repository.readonly_session("main").store
    whole = set()
    for number, entry in ledger_of(repository).items():
        try:
            found = get_all(store, sorted(keys(chunks_of(run, number))))
        except Exception:
            continue
        if hash_of(found) == entry["chunks"]:
            whole.add(number)
    return whole


def write_with_icechunk(run: RunFolder, where: str) -> float:
    """Seconds to write all blocks, one commit each."""
    repository = new_repository(where, run.layout, run.store)
    blocks = {number: chunks_of(run, number) for number in sorted(run.finished)}
    started = time.perf_counter()
    for number, chunks in blocks.items():
        commit_block(repository, chunks, entry_of(run, number, chunks))
    return time.perf_counter() - started


# Trials


def size_of(where: str) -> tuple[int, int]:
    """Objects and bytes below a folder."""
    folder = place(where)
    if is_local(folder):
        sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    else:
        found = folder.fs.find(folder.path, detail=True)  # type: ignore[attr-defined]
        sizes = [entry["size"] for entry in found.values()]
    return len(sizes), sum(sizes)


def commits_a_second(run: RunFolder, where: str) -> float:
    repository = new_repository(where, run.layout, run.store)
    name, data = next(iter(chunks_of(run, 0).items()))
    started = time.perf_counter()
    for _ in range(COMMITS):
        commit_block(repository, {name: data}, {"block": 0})
    return COMMITS / (time.perf_counter() - started)


def writers_at_once(run: RunFolder, where: str) -> tuple[float, int]:
    """Seconds and rebases of some writers that share out the blocks."""
    import icechunk

    new_repository(where, run.layout, run.store)
    rebased: list[int] = []

    def work(writer: int) -> None:
        mine = icechunk.Repository.open(storage_of(where))
        for number in sorted(run.finished)[writer::WRITERS]:
            chunks = chunks_of(run, number)
            rebased.append(commit_block(mine, chunks, entry_of(run, number, chunks)))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(WRITERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    assert whole_blocks(icechunk.Repository.open(storage_of(where)), run) == set(run.finished)
    return seconds, sum(rebased)


def killed_again_and_again(run: RunFolder, where: str, kills: int) -> tuple[int, float]:
    """Blocks that were in the history and are not whole after any kill, and the mean seconds to find what is left."""
    import icechunk

    new_repository(where, run.layout, run.store)
    chance, lost, asked = random.Random(4), 0, 0.0
    for _ in range(kills):
        words = [sys.executable, "-m", "benchmarks.transactional_store", str(run.path), "--write-into", where]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()  # it begins to commit
            time.sleep(chance.uniform(0.0, 0.3))
            os.kill(writer.pid, signal.SIGKILL)
        started = time.perf_counter()
        repository = icechunk.Repository.open(storage_of(where))
        told = set(ledger_of(repository))
        asked += time.perf_counter() - started
        lost += len(told - whole_blocks(repository, run))
    return lost, asked / kills


def write_for_ever(run: RunFolder, where: str) -> None:
    """Commit blocks until killed."""
    import icechunk

    repository = icechunk.Repository.open(storage_of(where))
    blocks = {number: chunks_of(run, number) for number in run.finished}
    print("begins", flush=True)
    while True:
        for number, chunks in blocks.items():
            commit_block(repository, chunks, entry_of(run, number, chunks))


def injured(run: RunFolder, where: Path) -> dict[str, int]:
    """Blocks that are whole after one bit of the newest object of each kind was turned."""
    import icechunk

    found = {}
    for kind in sorted(folder.name for folder in where.iterdir()):
        files = (
            [file for file in (where / kind).rglob("*") if file.is_file()]
            if (where / kind).is_dir()
            else [where / kind]
        )
        if not files:
            continue
        file = max(files, key=lambda file: file.stat().st_mtime)
        whole = file.read_bytes()
        broken = bytearray(whole)
        broken[len(broken) // 2] ^= 1
        file.write_bytes(broken)
        try:
            found[kind] = len(whole_blocks(icechunk.Repository.open(storage_of(str(where))), run))
        except Exception as error:
            print(f"   {kind}: {type(error).__name__}: {str(error).strip().splitlines()[0][:110]}")
            found[kind] = 0
        file.write_bytes(whole)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--s3", metavar="BUCKET")
    parser.add_argument("--kills", type=int, default=51)
    parser.add_argument("--write-into", help=argparse.SUPPRESS)
    said = parser.parse_args()
    run = open_run(said.run)
    if said.write_into:
        write_for_ever(run, said.write_into)
    root = f"s3://{said.s3}/trial-{os.getpid()}" if said.s3 else tempfile.mkdtemp(prefix="unwind-trial-")
    print(
        f"{len(run.finished)} blocks, {run.layout.paths:,} paths, {len(names(run.store)) - 1} arrays, in {root}"
    )
    seconds = write_as_today(run, place(f"{root}/today"))
    objects, size = size_of(f"{root}/today")
    print(f"as today: {seconds:.2f} s, {objects:,} objects, {size / 1e6:.1f} MB")
    seconds = write_with_icechunk(run, f"{root}/icechunk")
    objects, size = size_of(f"{root}/icechunk")
    print(f"icechunk: {seconds:.2f} s, {objects:,} objects, {size / 1e6:.1f} MB")
    print(f"icechunk: {commits_a_second(run, f'{root}/commits'):.1f} commits a second, one writer")
    seconds, rebased = writers_at_once(run, f"{root}/writers")
    print(f"icechunk: {WRITERS} writers at once: {seconds:.2f} s, {rebased} rebases, every block whole")
    if not said.s3:
        print(f"icechunk: whole after one bit was turned: {injured(run, Path(root) / 'icechunk')}")
        lost, asked = killed_again_and_again(run, f"{root}/killed", said.kills)
        objects, size = size_of(f"{root}/killed")
        print(
            f"icechunk: {said.kills} kills: {lost} lost, {asked:.3f} s to read the history; {objects:,} objects left"
        )
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
