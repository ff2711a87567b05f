"""The example files of clusters: job scripts say what the guide promises, manifests fit the schemas of Kubernetes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "cluster"
#: The version of Kubernetes whose schemas manifests must fit, and the operator whose resource one of them is.
KUBERNETES = "1.34"
OPERATOR = "dask-kubernetes==2026.3.0"
DEFINITION = "dask_kubernetes/operator/deployment/helm/dask-kubernetes-operator/crds/daskcluster.yaml"


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


def manifests() -> tuple[dict[str, Any], dict[str, Any]]:
    """The cluster and the policy."""
    cluster, policy = YAML(typ="safe").load_all((EXAMPLES / "kubernetes.yaml").read_text())
    return cluster, policy


def test_the_manifests_of_kubernetes_fit_each_other() -> None:
    cluster, policy = manifests()
    worker = cluster["spec"]["worker"]["spec"]["containers"][0]
    scheduler = cluster["spec"]["scheduler"]["spec"]["containers"][0]
    assert worker["image"] == scheduler["image"]
    assert worker["args"][worker["args"].index("--nthreads") + 1] == "1"
    service = cluster["spec"]["scheduler"]["service"]
    assert {port["targetPort"] for port in service["ports"]} <= {port["name"] for port in scheduler["ports"]}
    name = cluster["metadata"]["name"]
    assert service["selector"]["dask.org/cluster-name"] == name
    assert policy["spec"]["podSelector"]["matchLabels"]["dask.org/cluster-name"] == name


def resources() -> list[dict[str, Any]]:
    """What the manifests make in Kubernetes, itself or by the operator's hand."""
    cluster, policy = manifests()
    scheduler, worker = cluster["spec"]["scheduler"], cluster["spec"]["worker"]
    made = {"apiVersion": "v1", "metadata": cluster["metadata"]}
    return [
        policy,
        {**made, "kind": "Pod", "spec": scheduler["spec"]},
        {**made, "kind": "Pod", "spec": worker["spec"]},
        {**made, "kind": "Service", "spec": scheduler["service"]},
    ]


@pytest.mark.parametrize("number", range(4))
def test_what_kubernetes_is_asked_for_fits_its_schemas(number: int) -> None:
    resource = resources()[number]
    kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    misspelt, wrong = deepcopy(resource), deepcopy(resource)
    misspelt["spec"]["selectors"] = {}
    wrong["spec"] = dict.fromkeys(resource["spec"], 7)
    for broken in (misspelt, wrong):
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, KUBERNETES, strict=True)


@pytest.mark.slow  # the operator's own definition is fetched from its package, which is not installed
def test_the_cluster_fits_the_definition_of_the_operator(tmp_path: Path) -> None:
    words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(tmp_path), OPERATOR]
    fetched = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"{OPERATOR} could not be fetched: {fetched.stderr.strip()[-300:]}")
    (wheel,) = tmp_path.glob("*.whl")
    definition = YAML(typ="safe").load(zipfile.ZipFile(wheel).read(DEFINITION))
    cluster, _ = manifests()
    assert cluster["apiVersion"].split("/")[0] == definition["spec"]["group"]
    assert cluster["kind"] == definition["spec"]["names"]["kind"]
    (version,) = [
        v for v in definition["spec"]["versions"] if v["name"] == cluster["apiVersion"].split("/")[1]
    ]
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"] |= {name: {} for name in ("apiVersion", "kind", "metadata")}
    check = jsonschema.Draft202012Validator(closed(schema))
    check.validate(cluster)
    for where, name in (("worker", "replica"), ("scheduler", "ports")):
        broken = deepcopy(cluster)
        broken["spec"][where][name] = 1
        with pytest.raises(jsonschema.ValidationError, match=f"'{name}' was unexpected"):
            check.validate(broken)


def closed(schema: Any) -> Any:
    """A schema that refuses what it does not name, which the API server would drop without a word."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items()}
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and not is_open:
        found["additionalProperties"] = False
    return found
