"""The example files of clusters: job scripts say what the guide promises, manifests have the form that is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "cluster"


def test_the_job_script_of_dask_jobqueue(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue")
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "slurm_jobqueue.py")],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    for words in (
        "#SBATCH -t 01:00:00",
        "#SBATCH --mem=4G",
        "--nthreads 1",
        "--lifetime 55m",
        "OMP_NUM_THREADS=1",
    ):
        assert words in result.stdout


def test_the_job_of_an_array_runs_its_shard(tmp_path: Path) -> None:
    program = tmp_path / "unwind"
    program.write_text('#!/bin/sh\nprintf "%s " "$@"\n')
    program.chmod(0o755)
    job = {
        "SLURM_ARRAY_TASK_ID": "7",
        "SLURM_ARRAY_TASK_COUNT": "50",
        "SLURM_CPUS_PER_TASK": "4",
        "OUTPUT": "/x/run",
    }
    result = subprocess.run(
        ["bash", str(EXAMPLES / "slurm_array.sh")],
        capture_output=True, text=True, check=True, env=os.environ | job | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert "-o /x/run --threads 4 --shard 7/50" in result.stdout


def test_the_manifests_of_kubernetes() -> None:
    cluster, policy = YAML(typ="safe").load_all((EXAMPLES / "kubernetes.yaml").read_text())
    assert cluster["kind"] == "DaskCluster"
    worker = cluster["spec"]["worker"]["spec"]["containers"][0]
    scheduler = cluster["spec"]["scheduler"]["spec"]["containers"][0]
    assert worker["image"] == scheduler["image"]
    assert worker["args"][worker["args"].index("--nthreads") + 1] == "1"
    assert (
        cluster["spec"]["scheduler"]["service"]["ports"][0]["port"] == scheduler["ports"][0]["containerPort"]
    )
    assert (
        policy["spec"]["podSelector"]["matchLabels"]["dask.org/cluster-name"] == cluster["metadata"]["name"]
    )
