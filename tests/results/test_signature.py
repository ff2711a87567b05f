"""Signed runs: what was signed with a key is whole, and whatever is changed since shows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import RunFolder
from simulator.results.ledger import append_entry
from simulator.results.manifest import MANIFEST, read_manifest, scenario_hash, write_manifest
from simulator.results.reading import verify_run
from simulator.results.signature import SIGNATURE, sign_run, signature_damage


def write_keys(folder: Path, private: Ed25519PrivateKey | RSAPrivateKey | None = None) -> tuple[Path, Path]:
    """A private key and its public one, in files."""
    key = private or Ed25519PrivateKey.generate()
    folder.mkdir(exist_ok=True)
    files = folder / "private.pem", folder / "public.pem"
    files[0].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[1].write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return files


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return write_keys(tmp_path / "keys")


def test_what_was_signed_is_whole_and_what_is_changed_shows(
    whole_run: RunFolder, keys: tuple[Path, Path]
) -> None:
    folder = whole_run.path
    assert [damage.what for damage in signature_damage(folder, keys[1])] == ["is not signed"]
    (folder / "report.html").write_text("the answer")
    sign_run(folder, keys[0])
    assert signature_damage(folder, keys[1]) == verify_run(folder) == []
    (folder / "report.html").write_text("another answer")
    assert [damage.what for damage in signature_damage(folder, keys[1])] == [
        "report.html is not what was signed"
    ]


def test_another_scenario_with_all_hashes_made_anew_shows(
    whole_run: RunFolder, keys: tuple[Path, Path]
) -> None:
    sign_run(whole_run.path, keys[0])
    manifest = read_manifest(whole_run.path)
    scenario = {**manifest.scenario, "funds": {"leverage": "8x"}}
    forged = replace(manifest, scenario=scenario, scenario_sha256=scenario_hash(scenario))
    write_manifest(whole_run.path, forged)
    whole_run.ledger.unlink()
    for block in whole_run.finished.values():
        append_entry(whole_run.ledger, forged.run_key, asdict(block))
    assert verify_run(whole_run.path) == []  # hashes alone do not show it
    named = [damage.what for damage in signature_damage(whole_run.path, keys[1])]
    assert named == ["ledger.jsonl is not what was signed", f"{MANIFEST} is not what was signed"]


def test_the_signature_of_somebody_else_does_not_count(
    whole_run: RunFolder, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    sign_run(whole_run.path, write_keys(tmp_path / "stranger")[0])
    for damaged in (None, "{}", "[]", json.dumps({"files": {}, "signature": "AAAA"})):
        if damaged is not None:
            (whole_run.path / SIGNATURE).write_text(damaged)
        (damage,) = signature_damage(whole_run.path, keys[1])
        assert damage.what == f"{SIGNATURE} is not of this key"


def test_what_is_not_whole_is_not_signed(whole_run: RunFolder, keys: tuple[Path, Path]) -> None:
    whole_run.ledger.write_bytes(b"")
    with pytest.raises(OutputError, match="a signature needs a whole run"):
        sign_run(whole_run.path, keys[0])
    assert not (whole_run.path / SIGNATURE).exists()


def test_keys_of_other_kinds_are_refused(
    whole_run: RunFolder, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    other = write_keys(tmp_path / "rsa", generate_private_key(65537, 2048))
    for private, public in (other, (keys[1], keys[0]), (tmp_path / "none", tmp_path / "none")):
        with pytest.raises(OutputError, match="openssl genpkey") as refused:
            sign_run(whole_run.path, private)
        assert refused.value.exit_code == BAD_INPUT
        with pytest.raises(OutputError, match="openssl genpkey"):
            signature_damage(whole_run.path, public)
