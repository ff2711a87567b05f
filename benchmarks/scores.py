"""How far defaults are from their targets, those of now beside earlier ones: python -m benchmarks.scores [paths]

Every row is this version's model on the targets calm-and-march-2020, at other figures: the files of benchmarks/defaults
say which. Told of each: the root mean square distance of the fitted targets, in tolerances, for calm times, for March
2020 and for both, and how many targets the model's average meets within one tolerance, and within two.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from simulator import units
from simulator.ensemble.cores import pin_linear_algebra
from simulator.ensemble.observer import Nobody
from simulator.ensemble.resources import Resources
from simulator.ensemble.session import open_executor
from simulator.estimation.simulation import Simulator, check_moments
from simulator.estimation.targets import load_targets
from simulator.scenario.priors import priors
from simulator.scenario.schema import Scenario

FOLDER = Path(__file__).resolve().parent / "defaults"
NOW = "this version"


def figures_of(file: Path) -> dict[str, float]:
    """Figures of a file in engine units."""
    written = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    return {key: units.read(priors(Scenario)[key].kind, figure) for key, figure in written.items()}


def main(paths: int = 512) -> None:
    pin_linear_algebra()
    loaded = check_moments(load_targets("calm-and-march-2020"))
    rows = {file.stem: figures_of(file) for file in sorted(FOLDER.glob("*.yaml"))} | {NOW: {}}
    with open_executor(Resources()) as hands:
        found = Simulator(loaded).play(hands, "", list(rows.values()), paths, observer=Nobody())
    assert found is not None
    names = [played.name for played in loaded.played]
    print(
        f"{'defaults of':16} {''.join(f'{name:>22}' for name in names)} {'all':>8} {'within 1':>9} {'within 2':>9}"
    )
    for row, means in zip(rows, found.means, strict=True):
        distances, first = [], 0
        for played in loaded.played:
            asked = np.array([[moment.value, moment.tolerance] for moment in played.fit])
            distances.append((means[first : first + len(played.fit)] - asked[:, 0]) / asked[:, 1])
            first += len(played.moments)
        every = np.concatenate(distances)
        scores = "".join(f"{np.sqrt(np.mean(each**2)):22.2f}" for each in distances)
        within = [f"{np.sum(np.abs(every) <= tolerances):5d} of {len(every)}" for tolerances in (1.0, 2.0)]
        print(f"{row:16} {scores} {np.sqrt(np.mean(every**2)):8.2f} {within[0]:>9} {within[1]:>9}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
