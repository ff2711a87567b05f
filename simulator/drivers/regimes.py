"""Regimes of the factor model, printed by ``python -m simulator.cli.upkeep regimes``.

Scale and correlations are of the window in the name, dynamics of volatility are fitted to windows of a year
and more and otherwise those of 2010-2025; reversion is of the whole file. Standard deviations are bp a day.
Source: US Treasury, daily par yield curve rates (public domain). Equations: docs/model/drivers.md.
"""

from __future__ import annotations

from simulator.drivers.rates import RateModel
from simulator.drivers.volatility import VolatilityModel

REGIMES: dict[str, RateModel] = {
    "2010-2025": RateModel(
        name="2010-2025",
        source="treasury_par_yields_daily.csv, 3883 daily changes from 2010-01-01 to 2025-07-11",
        sd_bp=(4.556, 4.927, 5.407, 5.589, 5.403, 5.348, 5.273),
        loadings=(
            (0.84749, 0.92776, 0.97886, 0.99231, 0.98368, 0.92483, 0.89158),
            (-0.49078, -0.37144, -0.15827, 0.00983, 0.16973, 0.37465, 0.43649),
            (0.20225, -0.03605, -0.12957, -0.12342, -0.05971, 0.06578, 0.12063),
        ),
        volatility_sensitivity=(1.62, 1.402, 1.117, 1.004, 1.0, 0.942, 0.961),
        volatility=VolatilityModel(
            persistence_per_day=0.99,
            shock_sd=0.0233,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0492,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "2010-2019": RateModel(
        name="2010-2019",
        source="treasury_par_yields_daily.csv, 2501 daily changes from 2010-01-01 to 2019-12-31",
        sd_bp=(3.045, 3.689, 4.606, 4.965, 4.876, 4.96, 4.882),
        loadings=(
            (0.81967, 0.92316, 0.97772, 0.99126, 0.98281, 0.93465, 0.90602),
            (-0.51499, -0.37214, -0.13495, 0.0339, 0.17869, 0.34495, 0.39926),
            (0.25085, -0.09638, -0.16076, -0.12747, -0.0463, 0.08627, 0.14042),
        ),
        volatility_sensitivity=(1.232, 1.075, 0.988, 0.94, 1.0, 1.051, 1.097),
        volatility=VolatilityModel(
            persistence_per_day=0.9852,
            shock_sd=0.0286,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0483,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "2017-2019": RateModel(
        name="2017-2019",
        source="treasury_par_yields_daily.csv, 749 daily changes from 2017-01-01 to 2019-12-31",
        sd_bp=(3.435, 3.643, 3.878, 3.98, 3.815, 3.721, 3.642),
        loadings=(
            (0.89078, 0.95649, 0.98406, 0.99527, 0.99032, 0.95117, 0.91678),
            (-0.40594, -0.28542, -0.13048, 3e-05, 0.12418, 0.30589, 0.38071),
            (0.20428, -0.06057, -0.12084, -0.09716, -0.06207, 0.04123, 0.12072),
        ),
        volatility_sensitivity=(1.694, 1.417, 1.12, 0.947, 1.0, 0.859, 0.962),
        volatility=VolatilityModel(
            persistence_per_day=0.9595,
            shock_sd=0.0382,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0564,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "2008-crisis": RateModel(
        name="2008-crisis",
        source="treasury_par_yields_daily.csv, 83 daily changes from 2008-09-01 to 2008-12-31",
        sd_bp=(12.21, 12.76, 12.472, 11.67, 11.031, 9.864, 9.489),
        loadings=(
            (0.9167, 0.92554, 0.97832, 0.98891, 0.97558, 0.92965, 0.90347),
            (-0.38705, -0.36214, -0.17742, -0.021, 0.17862, 0.36035, 0.41037),
            (0.09923, 0.11063, -0.10686, -0.14702, -0.12784, 0.07683, 0.12388),
        ),
        volatility_sensitivity=(1.62, 1.402, 1.117, 1.004, 1.0, 0.942, 0.961),
        volatility=VolatilityModel(
            persistence_per_day=0.99,
            shock_sd=0.0233,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0492,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "march-2020": RateModel(
        name="march-2020",
        source="treasury_par_yields_daily.csv, 22 daily changes from 2020-03-01 to 2020-03-31",
        sd_bp=(7.46, 9.236, 10.715, 12.347, 13.566, 15.963, 16.606),
        loadings=(
            (0.97349, 0.95736, 0.97689, 0.98653, 0.99151, 0.96319, 0.93837),
            (-0.20389, -0.2649, -0.19124, -0.03793, 0.10621, 0.26023, 0.34168),
            (0.10365, 0.11529, -0.09543, -0.15913, -0.07506, 0.06737, 0.05208),
        ),
        volatility_sensitivity=(1.62, 1.402, 1.117, 1.004, 1.0, 0.942, 0.961),
        volatility=VolatilityModel(
            persistence_per_day=0.99,
            shock_sd=0.0233,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0492,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "2022-2023": RateModel(
        name="2022-2023",
        source="treasury_par_yields_daily.csv, 499 daily changes from 2022-01-01 to 2023-12-31",
        sd_bp=(8.847, 8.936, 8.634, 8.315, 7.639, 6.782, 6.58),
        loadings=(
            (0.88885, 0.94347, 0.98319, 0.99462, 0.9883, 0.9259, 0.8866),
            (-0.43276, -0.33145, -0.16207, -0.02325, 0.13234, 0.37377, 0.45478),
            (0.15058, -0.00173, -0.08404, -0.10096, -0.07576, 0.05479, 0.08443),
        ),
        volatility_sensitivity=(1.881, 1.578, 1.258, 0.983, 1.0, 0.815, 0.945),
        volatility=VolatilityModel(
            persistence_per_day=0.9482,
            shock_sd=0.0282,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0548,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "2024": RateModel(
        name="2024",
        source="treasury_par_yields_daily.csv, 250 daily changes from 2024-01-01 to 2024-12-31",
        sd_bp=(6.166, 6.256, 6.194, 6.128, 5.755, 5.392, 5.36),
        loadings=(
            (0.88849, 0.95135, 0.9899, 0.99865, 0.99068, 0.9552, 0.9291),
            (-0.42956, -0.28593, -0.12496, 0.02461, 0.13561, 0.29386, 0.36516),
            (0.16144, -0.11477, -0.06691, -0.04571, -0.01247, 0.03512, 0.0586),
        ),
        volatility_sensitivity=(1.515, 1.406, 1.187, 1.077, 1.0, 0.831, 0.73),
        volatility=VolatilityModel(
            persistence_per_day=0.9473,
            shock_sd=0.0264,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.1479,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
    "april-2025": RateModel(
        name="april-2025",
        source="treasury_par_yields_daily.csv, 21 daily changes from 2025-04-01 to 2025-04-30",
        sd_bp=(8.322, 8.835, 8.505, 8.491, 7.451, 7.708, 7.539),
        loadings=(
            (0.82217, 0.84771, 0.96954, 0.99581, 0.97373, 0.76487, 0.70199),
            (-0.56899, -0.52346, -0.243, -0.06144, 0.22465, 0.64328, 0.7046),
            (0.01687, 0.08586, -0.03063, -0.06778, -0.0372, -0.03414, 0.10373),
        ),
        volatility_sensitivity=(1.62, 1.402, 1.117, 1.004, 1.0, 0.942, 0.961),
        volatility=VolatilityModel(
            persistence_per_day=0.99,
            shock_sd=0.0233,
            jumps_per_year=2.0,
            jump_size=0.4,
            news_sd=0.0492,
        ),
        reversion_per_year=(0.11, 0.22, 0.16),
    ),
}
