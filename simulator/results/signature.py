"""A signature on a run: proof, for whoever has the public key, of who vouched for it and that nothing changed since.

Hashes alone prove nothing against somebody who computes them anew. Signed (Ed25519) are the hashes of every file of
a run but the chunks of its store and its outcomes, whose hashes stand in the ledger.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.results.errors import BAD_INPUT, OutputError
from simulator.results.folder import SET_ASIDE, STORE
from simulator.results.ledger import FAILURES, LEDGER
from simulator.results.locks import LOCK
from simulator.results.manifest import INPUTS
from simulator.results.outcome_files import OUTCOMES
from simulator.results.places import exists, get, names, put_durably, read_bytes, shown
from simulator.results.reading import Damage, verify_run

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = "signature.json"
_HOW = "openssl genpkey -algorithm ed25519 -out private.pem, and of it openssl pkey -in private.pem -pubout"


def sign_run(folder: Path, private_key: Path, threads: int = 1) -> None:
    """Sign a complete run, after everything in it was read and found to be what was written.

    Raises
    ------
    OutputError
        If it is not whole, or the key is none.
    """
    key = _private(private_key)
    damage = verify_run(folder, threads)
    if damage:
        raise OutputError(
            f"{shown(folder)}: found {len(damage)} things that are not as they were written; a signature needs a whole"
            f" run. See unwind verify {shown(folder)}."
        )
    files = _hashes(folder)
    signature = base64.b64encode(key.sign(_signed(files))).decode()
    put_durably(folder / SIGNATURE, json.dumps({"files": files, "signature": signature}, indent=1).encode())


def signature_damage(folder: Path, public_key: Path) -> list[Damage]:
    """What is wrong with the signature of a run, or was changed since; empty if nothing.

    Raises
    ------
    OutputError
        If the key is none.
    """
    from cryptography.exceptions import InvalidSignature

    key = _public(public_key)
    if not exists(folder / SIGNATURE):
        return [Damage(None, "is not signed")]
    try:
        said = json.loads(read_bytes(folder / SIGNATURE))
        signed = dict(said["files"])
        key.verify(base64.b64decode(said["signature"], validate=True), _signed(signed))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidSignature):
        return [Damage(None, f"{SIGNATURE} is not of this key")]
    found = _hashes(folder)
    changed = sorted(name for name in signed.keys() | found.keys() if signed.get(name) != found.get(name))
    return [Damage(None, f"{name} is not what was signed") for name in changed]


def _signed(files: dict[str, str]) -> bytes:
    return json.dumps(files, sort_keys=True).encode()


def _hashes(folder: Path) -> dict[str, str]:
    """Hash of every file that is signed, by its name in the folder."""
    below = [f"{kind}/{name}" for kind in (LEDGER, FAILURES, INPUTS) for name in names(folder / kind)]
    aside = (LOCK, "run.log", "run-", SIGNATURE, STORE, OUTCOMES, SET_ASIDE)
    top = [name for name in names(folder) - {LEDGER, FAILURES, INPUTS} if not name.startswith(aside)]
    return {
        name: hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else "cannot be read"
        for name, data in get(folder, sorted([*top, *below])).items()
    }


def _private(file: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Ed25519PrivateKey = _loaded(
        file, lambda data: load_pem_private_key(data, password=None), Ed25519PrivateKey
    )
    return key


def _public(file: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key: Ed25519PublicKey = _loaded(file, load_pem_public_key, Ed25519PublicKey)
    return key


def _loaded(file: Path, load: Any, kind: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        key = load(file.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OutputError(
            f"{file}: cannot be read as a key: {error}. Make one with {_HOW}.", BAD_INPUT
        ) from error
    if not isinstance(key, kind):
        raise OutputError(
            f"{file}: found a key that is not of the kind {kind.__name__}. Make one with {_HOW}.", BAD_INPUT
        )
    return key
