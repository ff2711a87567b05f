from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.drivers import block as block_module
from simulator.drivers.block import (
    FLOW_STREAMS,
    DriverBlock,
    DriverSpec,
    MarketLosses,
    PassingDemand,
    draw_block,
)
from simulator.drivers.history import Bootstrap, YieldHistory
from simulator.drivers.random_streams import normals
from simulator.drivers.regimes import REGIMES
from simulator.drivers.user_arrays import checked_arrays

MODEL = REGIMES["2010-2025"]
DAYS = 30
SAMPLE = normals(99, "sample of a test", 0, 300, 7) * np.array([3.0, 4.0, 5.0, 5.0, 5.0, 5.0, 4.0])


LOSSES = MarketLosses(
    1.2, 0.75, 0.008, 1500.0, 5.0, 20.0, np.outer(np.linspace(0.0, 1.0, DAYS), (-0.1, 100.0))
)


def history() -> YieldHistory:
    dates = np.datetime64("2020-01-01", "D") + np.arange(300)
    return YieldHistory("test.csv", dates, 200.0 + np.round(np.cumsum(SAMPLE, axis=0)))


def specs() -> dict[str, DriverSpec]:
    ramp = np.outer(np.linspace(0.0, 1.0, DAYS), np.full(7, 50.0))
    factor = np.linspace(1.0, 2.0, DAYS)
    arrays = checked_arrays("test", {"curve_change_bp": np.cumsum(SAMPLE[None, :DAYS].repeat(40, 0), axis=1)})
    return {
        "none": DriverSpec("none", curve_shift_bp=ramp, volatility_shift=factor),
        "factor": DriverSpec("factor", rate_model=MODEL, curve_shift_bp=ramp, volatility_shift=factor),
        "warm": DriverSpec("factor", rate_model=MODEL, warmup_days=100),
        "bootstrap": DriverSpec("bootstrap", bootstrap=Bootstrap(SAMPLE), volatility_shift=factor),
        "moving": DriverSpec("bootstrap", bootstrap=Bootstrap(SAMPLE, 5.0, is_stationary=False)),
        "replay": DriverSpec("replay", history=history(), opening="2020-03-01"),
        "noisy replay": DriverSpec("replay", rate_model=MODEL, history=history(), opening="2020-03-01"),
        "arrays": DriverSpec("arrays", arrays=arrays),
        "losses": DriverSpec("factor", rate_model=MODEL, losses=LOSSES, volatility_shift=factor),
    }


def same(left: DriverBlock, right: DriverBlock) -> bool:
    return all(map(np.array_equal, arrays_of(left), arrays_of(right)))


def arrays_of(block: DriverBlock) -> list[np.ndarray]:
    """All that a block draws, in the order of its fields."""
    return [getattr(block, field.name) for field in fields(block) if field.name != "first_path"]


def rows(block: DriverBlock, first: int, count: int) -> DriverBlock:
    place = slice(first - block.first_path, first - block.first_path + count)
    return DriverBlock(first, *[array[place] for array in arrays_of(block)])


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", "sobol"])
@pytest.mark.parametrize("kind", list(specs()))
def test_paths_do_not_depend_on_the_block(kind: str, sampling: str) -> None:
    spec = specs()[kind]
    whole = draw_block(spec, 3, 0, 40, DAYS, sampling)
    for first, count in ((0, 1), (39, 1), (7, 13), (20, 20), (1, 39)):
        assert same(draw_block(spec, 3, first, count, DAYS, sampling), rows(whole, first, count))
    assert whole.curve_change_bp.flags.c_contiguous
    assert whole.curve_change_bp.shape == (40, DAYS, 7)
    assert whole.volatility_multiplier.shape == (40, DAYS)
    assert whole.flow_noise.shape == (40, DAYS, len(FLOW_STREAMS))


def test_equities_fall_and_spreads_rise_with_volatility_beyond_the_tolerance_and_as_told() -> None:
    """Without noise: volatility doubles, and the scenario takes a tenth and adds 100bp."""
    spec = DriverSpec("none", losses=LOSSES, volatility_shift=np.linspace(1.0, 2.0, DAYS))
    block = draw_block(spec, 3, 0, 2, DAYS)
    beyond = np.log(2.0 / 1.2)
    assert block.equity_change[:, 0].tolist() == block.credit_change_bp[:, 0].tolist() == [0.0, 0.0]
    assert block.equity_change[:, -1] == pytest.approx(-0.1 - 0.75 * beyond)
    assert block.credit_change_bp[:, -1] == pytest.approx(100.0 + 1500.0 * beyond)
    assert draw_block(replace(spec, losses=None), 3, 0, 2, DAYS).equity_change.max() == 0.0


def test_losses_come_with_volatility_and_are_made_good_slowly() -> None:
    factor = np.ones(DAYS)
    factor[5] = 2.4
    spec = DriverSpec("none", losses=replace(LOSSES, shift=np.zeros((DAYS, 2))), volatility_shift=factor)
    fall = -draw_block(spec, 3, 0, 1, DAYS).equity_change[0]
    assert fall[4] == 0.0
    assert fall[5] == pytest.approx(0.75 * np.log(2.0))
    assert fall[5:] == pytest.approx(fall[5] * 0.5 ** (np.arange(DAYS - 5) / 20.0))


def test_demand_for_hedges_comes_and_goes_hedge_by_hedge() -> None:
    spec = DriverSpec("factor", rate_model=MODEL, demand=PassingDemand(0.03, 10.0, ("TU", "TY")))
    changes = draw_block(spec, 3, 0, 400, 120).hedge_demand
    level = np.cumsum(changes, axis=1)
    assert changes[:, 0].std() == pytest.approx(0.03, rel=0.1)
    assert level[:, -1].std() == pytest.approx(0.03 / np.sqrt(1.0 - 0.5**0.2), rel=0.1)
    assert abs(level[:, -1].mean()) < 0.02
    assert abs(np.corrcoef(level[:, -1, 0], level[:, -1, 1])[0, 1]) < 0.2
    alone = replace(spec, demand=PassingDemand(0.03, 10.0, ("TY",)))
    assert np.array_equal(draw_block(alone, 3, 0, 400, 120).hedge_demand[:, :, 0], changes[:, :, 1])
    assert not draw_block(replace(spec, noise_scale=0.0), 3, 0, 2, DAYS).hedge_demand.any()


def test_equities_never_lose_all() -> None:
    crash = replace(LOSSES, shift=np.full((DAYS, 2), -3.0))
    assert draw_block(DriverSpec("none", losses=crash), 3, 0, 1, DAYS).equity_change.min() == -0.95


@pytest.mark.parametrize("kind", ["factor", "warm", "bootstrap", "moving", "replay", "noisy replay"])
def test_a_longer_horizon_keeps_the_first_days(kind: str) -> None:
    spec = specs()[kind]
    long, short = draw_block(spec, 3, 5, 10, DAYS), draw_block(spec, 3, 5, 10, 11)
    assert np.array_equal(long.curve_change_bp[:, :11], short.curve_change_bp)
    assert np.array_equal(long.volatility_multiplier[:, :11], short.volatility_multiplier)
    assert np.array_equal(long.flow_noise[:, :11], short.flow_noise)


def test_known_answers() -> None:
    block = draw_block(DriverSpec("factor", rate_model=MODEL), 20200309, 1000, 16, 20)
    found = [
        hashlib.sha256(np.round(array, 9).tobytes()).hexdigest()[:16]
        for array in (block.curve_change_bp, block.volatility_multiplier, block.flow_noise)
    ]
    assert found == KNOWN_DIGESTS


KNOWN_DIGESTS = ["cf7cfb274f472c41", "612d077198cb652d", "39581fa817f6341b"]


@settings(max_examples=20, deadline=None)
@given(name=st.text(min_size=1, max_size=20).filter(lambda name: name not in FLOW_STREAMS))
def test_a_new_flow_stream_changes_no_other(name: str) -> None:
    spec = specs()["factor"]
    before = draw_block(spec, 3, 0, 6, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block_module, "FLOW_STREAMS", (name, *FLOW_STREAMS))
        after = draw_block(spec, 3, 0, 6, 10)
    assert np.array_equal(after.curve_change_bp, before.curve_change_bp)
    assert np.array_equal(after.volatility_multiplier, before.volatility_multiplier)
    assert np.array_equal(after.flow_noise[:, :, 1:], before.flow_noise)
    assert not np.isin(after.flow_noise[:, :, 0], before.flow_noise).any()


def test_rest_point_is_exact() -> None:
    block = draw_block(DriverSpec("none"), 1, 0, 8, 250)
    assert not block.curve_change_bp.any()
    assert not block.flow_noise.any()
    assert (block.volatility_multiplier == 1.0).all()


@pytest.mark.parametrize("kind", ["none", "factor", "bootstrap"])
@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", "sobol"])
def test_no_noise_leaves_the_deterministic_path(kind: str, sampling: str) -> None:
    shift = np.cumsum(SAMPLE[:DAYS], axis=0)
    factor = np.linspace(0.5, 3.0, DAYS)
    spec = DriverSpec(
        kind,
        rate_model=MODEL,
        bootstrap=Bootstrap(SAMPLE),
        noise_scale=0.0,
        curve_shift_bp=shift,
        volatility_shift=factor,
    )
    block = draw_block(spec, 1, 0, 8, DAYS, sampling)
    assert np.array_equal(block.curve_change_bp, np.broadcast_to(shift, (8, DAYS, 7)))
    assert np.array_equal(block.volatility_multiplier, np.broadcast_to(factor, (8, DAYS)))
    assert not block.flow_noise.any()


def test_shifts_come_on_top_of_the_noise() -> None:
    shift = np.outer(np.arange(DAYS), np.ones(7))
    plain = draw_block(DriverSpec("factor", rate_model=MODEL), 1, 0, 8, DAYS)
    moved = draw_block(DriverSpec("factor", rate_model=MODEL, curve_shift_bp=shift), 1, 0, 8, DAYS)
    assert np.array_equal(moved.curve_change_bp, plain.curve_change_bp + shift)
    doubled = draw_block(
        DriverSpec("factor", rate_model=MODEL, volatility_shift=np.full(DAYS, 2.0)), 1, 0, 8, DAYS
    )
    assert np.array_equal(doubled.curve_change_bp, 2.0 * plain.curve_change_bp)
    assert np.array_equal(doubled.volatility_multiplier, 2.0 * plain.volatility_multiplier)


@pytest.mark.parametrize("kind", ["factor", "bootstrap"])
def test_each_tenor_has_its_own_rise_of_volatility(kind: str) -> None:
    by_tenor = np.outer(np.ones(DAYS), np.linspace(0.5, 3.5, 7))
    spec = DriverSpec(kind, rate_model=MODEL, bootstrap=Bootstrap(SAMPLE))
    plain = draw_block(spec, 1, 0, 8, DAYS)
    moved = draw_block(replace(spec, tenor_shift=by_tenor), 1, 0, 8, DAYS)
    assert np.allclose(moved.curve_change_bp, plain.curve_change_bp * by_tenor, rtol=1e-12)
    assert np.array_equal(moved.volatility_multiplier, plain.volatility_multiplier)
    same_for_all = replace(spec, volatility_shift=np.full(DAYS, 2.0))
    told = replace(same_for_all, tenor_shift=np.full((DAYS, 7), 2.0))
    assert same(draw_block(told, 1, 0, 8, DAYS), draw_block(same_for_all, 1, 0, 8, DAYS))


def test_antithetic_paths_mirror_given_volatility() -> None:
    calm = DriverSpec("factor", rate_model=MODEL.with_constant_volatility())
    block = draw_block(calm, 1, 0, 8, DAYS, "antithetic")
    assert np.array_equal(block.curve_change_bp[0::2], -block.curve_change_bp[1::2])
    assert np.array_equal(block.flow_noise[0::2], -block.flow_noise[1::2])


def test_sobol_halves_the_error_of_a_mean() -> None:
    """Mean of the ten-year yield's rise beyond 20 bp: the quasi-random error is less than half."""
    spec = DriverSpec("factor", rate_model=MODEL)

    def spread(sampling: str) -> float:
        ends = [
            draw_block(spec, seed, 0, 256, DAYS, sampling).curve_change_bp[:, -1, 4] for seed in range(40)
        ]
        return float(np.std([np.maximum(end - 20.0, 0.0).mean() for end in ends]))

    assert spread("sobol") < 0.5 * spread("pseudo")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "magic"}, "kind: found 'magic'; allowed are none, factor, bootstrap, replay, arrays."),
        ({"kind": "factor"}, "rate_model: found none; drivers of kind 'factor' need it."),
        ({"kind": "replay"}, "history: found none; drivers of kind 'replay' need it."),
        ({"kind": "none", "noise_scale": -1.0}, "noise_scale: found -1.0; allowed is 0 to 10."),
        ({"kind": "none", "noise_scale": float("nan")}, "noise_scale: found nan; allowed is 0 to 10."),
        (
            {"kind": "none", "volatility_shift": np.zeros(3)},
            "volatility_shift: found a factor of zero or less",
        ),
        ({"kind": "none", "curve_shift_bp": np.full((3, 7), np.nan)}, "curve_shift_bp: found a blank (NaN)"),
    ],
)
def test_bad_specifications_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011
        DriverSpec(**fields)
    assert str(fault.value).startswith(message)


def test_short_shifts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"curve_shift_bp: found shape \(5, 7\); allowed is \(day, 7\)"):
        draw_block(DriverSpec("none", curve_shift_bp=np.zeros((5, 7))), 1, 0, 1, 6)
    with pytest.raises(ValueError, match=r"volatility_shift: found shape \(5,\); allowed is \(day,\)"):
        draw_block(DriverSpec("none", volatility_shift=np.ones(5)), 1, 0, 1, 6)
    for shape, found in (((5, 7), r"\(5, 7\)"), ((6, 3), r"\(6, 3\)"), ((6,), r"\(6,\)")):
        with pytest.raises(ValueError, match=rf"tenor_shift: found shape {found}; allowed is \(day, 7\)"):
            draw_block(DriverSpec("none", tenor_shift=np.ones(shape)), 1, 0, 1, 6)
