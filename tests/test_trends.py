"""Trends: intervals, tests, statuses; each property is a claim of docs/trends.md."""

import time
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from rootcause.findings import STATUSES
from rootcause.records import Week
from rootcause.trends import (
    Facts,
    assess,
    benjamini_hochberg,
    compare,
    contacts_per_year,
    cost_per_year,
    dispersion,
    fix_effect,
    rate_interval,
    rate_ratio,
    removable_share,
    seasonal_bound,
    status,
)

START = Week(2024, 1)
small_counts = hnp.arrays(np.int64, (6, 14), elements=st.integers(0, 60))
exposures = hnp.arrays(np.float64, 14, elements=st.floats(500, 5000))


def weeks(number):
    return [START.shift(i) for i in range(number)]


def said(counts, read=None, **options):
    counts = np.atleast_2d(np.asarray(counts, float))
    read = np.full(counts.shape[1], 1000.0) if read is None else read
    return assess(counts, weeks(counts.shape[1]), read, **options)


@given(small_counts, exposures, st.floats(0, 1))
def test_an_interval_holds_its_rate_and_widens_with_noise_and_level(counts, exposure, alpha):
    value, low, high = rate_interval(counts, exposure, alpha)
    assert (low <= value).all() and (value <= high).all() and (low >= 0).all()
    wider = rate_interval(counts, exposure, alpha, level=0.99)
    assert (wider[1] <= low + 1e-9).all() and (wider[2] >= high - 1e-9).all()
    noisier = rate_interval(counts, exposure, alpha + 0.5)
    assert (noisier[2] >= high - 1e-9).all()


def test_without_noise_the_interval_is_jeffreys():
    _, low, high = rate_interval([0, 7], 1000.0)
    assert low[0] == 0 and low[1] == pytest.approx(stats.gamma(7.5).ppf(0.05))
    assert high == pytest.approx(stats.gamma([0.5, 7.5]).ppf(0.95))
    # and negligible noise changes nothing
    assert rate_interval(7, 1000.0, 0.0002)[2] == pytest.approx(high[1], rel=0.01)


def test_a_week_without_exposure_has_no_rate():
    assert np.isnan(rate_interval([5, 5], [0.0, np.nan])).all()


@given(st.integers(0, 200), st.integers(1, 200), st.floats(0.1, 10), st.floats(0, 0.5))
def test_swapping_two_rates_inverts_their_ratio(one, two, exposure, noise):
    ratio, low, high = rate_ratio(one, exposure, two, 1.0, extra=noise, base_extra=noise)
    assert low <= ratio <= high
    if one:
        back = rate_ratio(two, 1.0, one, exposure, extra=noise, base_extra=noise)
        assert back[0] == pytest.approx(1 / ratio)
        assert back[1] == pytest.approx(1 / high, rel=1e-6)


@settings(deadline=None)
@given(small_counts, exposures, st.permutations(range(6)))
def test_the_order_of_causes_changes_nothing(counts, exposure, order):
    there = said(counts, exposure)
    here = said(counts[list(order)], exposure)
    for place, cause in enumerate(order):
        assert here[place].status == there[cause].status
        assert here[place].q_value == pytest.approx(there[cause].q_value)


@settings(deadline=None)
@given(small_counts, exposures, st.floats(0.01, 100))
def test_the_unit_of_exposure_changes_no_finding(counts, exposure, factor):
    for one, two in zip(said(counts, exposure), said(counts, exposure * factor), strict=True):
        assert one.status == two.status
        assert one.change == pytest.approx(two.change, nan_ok=True)
        assert one.rate.value == pytest.approx(two.rate.value * factor)


@settings(deadline=None)
@given(small_counts, exposures, st.integers(2, 11))
def test_a_week_without_data_is_no_evidence(counts, exposure, place):
    counts[:, 0] += 1  # all known from the start, so that ages do not move
    hole = np.insert(exposure, place, np.nan)
    filled = np.insert(counts, place, 0, axis=1)
    for one, two in zip(said(counts, exposure), said(filled, hole), strict=True):
        if one.status not in ("returned", "gone"):
            assert (one.status, one.q_value) == (two.status, two.q_value)


@given(hnp.arrays(np.float64, 20, elements=st.floats(0, 1)))
def test_adjusted_p_values_are_benjamini_and_hochbergs(p):
    q = benjamini_hochberg(p)
    order = np.argsort(p)
    expected = np.minimum.accumulate((np.sort(p) * 20 / np.arange(1, 21))[::-1])[::-1]
    assert q[order] == pytest.approx(np.minimum(expected, 1))
    with_gap = benjamini_hochberg(np.append(p, np.nan))
    assert np.isnan(with_gap[-1]) and with_gap[:-1] == pytest.approx(q)


def test_the_test_is_uniform_when_nothing_changed():
    rng = np.random.default_rng(3)
    for alpha in (0.0, 0.1):
        counts = _noisy(rng, np.full((6000, 9), 25.0), alpha)
        p = compare(counts, np.ones(9), alpha).p
        for limit in (0.01, 0.05, 0.1, 0.5):
            assert np.mean(p <= limit) == pytest.approx(limit, abs=4 * np.sqrt(limit / 6000))


def test_noise_is_learnt_and_shared_between_causes():
    rng = np.random.default_rng(4)
    for alpha in (0.0, 0.1, 0.3):
        mean = np.exp(rng.normal(2.5, 0.6, (60, 1))) * np.ones(24)
        found = dispersion(_noisy(rng, mean, alpha), np.ones(24))
        assert found.mean() == pytest.approx(alpha, abs=0.02 + 0.15 * alpha)
    # one cause that broke out does not make the others look noisy
    mean = np.full((30, 16), 20.0)
    mean[0, 12:] = 400
    found = dispersion(rng.poisson(mean), np.ones(16))
    assert np.median(found) < 0.02 < found[0]


def test_false_claims_stay_under_the_nominal_rate_when_nothing_changes():
    """40 over-dispersed causes, changing volume: any claim is false, so FDR = share of weeks."""
    rng = np.random.default_rng(5)
    false = []
    for _ in range(150):
        read = 3000 * np.exp(rng.normal(0, 0.15, 20))
        alpha = 0.1 * rng.gamma(2, 0.5, (40, 1)) + 1e-6
        mean = np.exp(rng.normal(2, 1, (40, 1))) * read / 3000
        found = said(_noisy(rng, mean, alpha), read)
        false.append(any(t.status in ("new", "growing", "fading") for t in found))
    assert np.mean(false) <= 0.1 + 1.65 * np.sqrt(0.09 / 150)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.3])
def test_ninety_percent_intervals_hold_the_truth_in_ninety_percent(alpha):
    rng = np.random.default_rng(6)
    truth = np.exp(rng.uniform(0.5, 4, 20_000))
    _, low, high = rate_interval(_noisy(rng, truth, alpha), 1000.0, alpha)
    assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.9, abs=0.015)


def test_fix_intervals_hold_the_truth_in_ninety_percent():
    rng = np.random.default_rng(7)
    span, when = weeks(22), 13
    inside = []
    for _ in range(25):
        effect = rng.choice([1, 0.7, 0.4, 0.15], 40)
        mean = np.exp(rng.normal(2.3, 0.7, (40, 1))) * np.ones(22)
        mean *= np.where(np.arange(22) >= when, effect[:, None], 1)
        counts = _noisy(rng, mean, 0.08)
        alpha = dispersion(counts, np.ones(22))
        for c in range(40):
            found = fix_effect(
                counts[c], np.ones(22), span, span[when].monday(), alpha=float(alpha[c])
            )
            if found.verdict != "too early to say":
                inside.append(found.low <= effect[c] <= found.high)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)


def test_a_quiet_week_of_one_cause_among_many_is_no_trend_and_a_surge_is():
    rng = np.random.default_rng(8)
    counts = rng.poisson(8, (20, 15))
    counts[0, -1] = 4
    counts[1, -1] = 45
    found = said(counts)
    assert found[0].status == "steady" and found[1].status == "growing"
    assert found[1].change == pytest.approx(45 / counts[1, -9:-1].mean())


def test_a_viral_week_and_an_outage_of_everything_are_no_trend_of_a_cause():
    rng = np.random.default_rng(9)
    counts = rng.poisson(20, (10, 15))
    viral = np.full(15, 1000.0)
    viral[-1] = 4000  # four times the mentions, as many complaints: rates fall, no count does
    assert {t.status for t in said(counts, viral)} == {"steady"}
    both = counts.copy()
    both[:, -1] = rng.poisson(80, 10)  # everything quadruples: all counts rise, no rate does
    assert {t.status for t in said(both, viral)} == {"steady"}
    # with orders as exposure one test decides
    orders = np.full(15, 500.0)
    assert {t.status for t in said(both, viral, units=orders)} == {"growing"}


@pytest.mark.parametrize(
    ("counts", "expected", "why"),
    [
        ([0] * 8 + [12], "new", "first seen this week"),
        ([0] * 8 + [9, 14], "new", "first seen last week"),
        ([0] * 2 + [12], "steady", "fewer than 3"),
        ([12], "steady", "fewer than 3"),
        ([20] * 8 + [60], "growing", "3.00 times"),
        ([20] * 8 + [2], "fading", "0.10 times"),
        ([20] * 8 + [22], "steady", "no change beyond chance"),
        ([20] * 8 + [0] * 3, "fading", "0 people"),
        ([20] * 8 + [0] * 4, "gone", "nobody for 4 weeks"),
        ([20] * 8 + [0] * 4 + [11], "returned", "back with 11 people, after 4 weeks"),
        ([20] * 8 + [0] * 4 + [3, 4], "returned", "back for 2 weeks with 7 people"),
        ([20] * 8 + [0] * 4 + [11, 0], "fading", "0 people"),
        ([20] * 8 + [0] * 4 + [11, 2], "steady", "2 people"),
        ([20] * 8 + [1, 0, 2, 1, 12], "returned", "after 4 weeks with none or few"),
        ([20] * 8 + [4, 0, 4, 4, 12], "steady", "no change"),
        ([20] * 8 + [0] * 4 + [1], "gone", "1 person after 4 weeks without any; 5 make a return"),
        ([20] * 8 + [0] * 3 + [18], "steady", "no change"),
        ([1] * 9, "steady", "no change"),
    ],
)
def test_each_status_has_its_rule_and_says_it(counts, expected, why):
    found = said(counts)[0]
    assert found.status == expected and why in found.reason, found.reason
    assert found.status in STATUSES


def test_where_two_make_a_cause_two_are_a_return():
    counts = [20] * 8 + [0] * 4 + [2]
    assert [said(counts, min_voices=least)[0].status for least in (2, 5)] == ["returned", "gone"]


def test_a_slow_problem_found_late_is_not_called_new():
    assert said([0, 0, 0, 1, 0, 1, 1, 1, 1, 1])[0].status == "steady"


def test_weeks_with_no_data_neither_kill_nor_revive_a_cause():
    read = np.full(13, 1000.0)
    read[8:12] = np.nan
    assert said([20] * 8 + [0] * 4 + [19], read)[0].status == "steady"


def test_a_running_week_is_compared_by_the_part_that_has_passed():
    counts = np.tile([40] * 8 + [17], (3, 1))
    read = np.array([1000.0] * 8 + [430.0])
    assert {t.status for t in said(counts, read, elapsed=3 / 7)} == {"steady"}
    counts[0, -1] = 75
    assert said(counts, read, elapsed=3 / 7)[0].status == "growing"


def fixed(after, *, before=(20,) * 10, day=0, noise=None):
    counts = np.array([*before, *after], float)
    on = START.shift(len(before)).monday() + timedelta(days=day)
    return fix_effect(counts, np.ones(len(counts)), weeks(len(counts)), on)


def test_the_verdict_on_a_fix():
    assert fixed([4] * 5).verdict == "worked" and fixed([4] * 5).ratio == pytest.approx(0.2)
    assert fixed([20] * 5).verdict == "no effect seen"
    assert fixed([40] * 5).verdict == "worse"
    assert fixed([4, 4]).verdict == "too early to say"
    assert np.isnan(fixed([4, 4]).ratio)
    assert fixed([0] * 4, before=(1,) * 10).verdict == "too early to say"
    assert fixed([3] * 5 + [21] * 4).verdict == "returned"
    assert fixed([0] * 5).verdict == "worked" and fixed([0] * 5).low == 0
    # the week in which a fix falls belongs to neither side
    assert fixed([20, 4, 4, 4], day=2).ratio == pytest.approx(0.2)
    assert fixed([20, 4, 4], day=2).verdict == "too early to say"


def test_a_fix_that_worked_is_fixed_and_one_that_faded_away_is_returned():
    on = [START.shift(10).monday()]
    assert said([20] * 10 + [3] * 5, fixed_on=on)[0].status == "fixed"
    assert said([20] * 10 + [0] * 6, fixed_on=on)[0].status == "fixed"
    back = said([20] * 10 + [2] * 6 + [21] * 4, fixed_on=on)[0]
    assert back.status == "returned" and "back at its old level" in back.reason
    early = said([20] * 10 + [3], fixed_on=on)[0]
    assert early.effect is not None and early.effect.verdict == "too early to say"
    # fewer mentions read is not fewer problems: the counts must agree
    read = np.array([1000.0] * 10 + [5000.0] * 5)
    diluted = said([20] * 15, read, fixed_on=on)[0]
    assert diluted.status != "fixed" and diluted.effect.verdict == "no effect seen"
    assert said([20] * 15, fixed_on=[date(2030, 1, 1)])[0].effect.verdict == "too early to say"


def test_what_comes_every_christmas_is_no_growth():
    rng = np.random.default_rng(10)
    season = np.where(np.arange(3 * 52 + 1) % 52 < 2, 60, 20)
    counts = rng.poisson(np.tile(season, (4, 1)))
    counts[:, -1] = 62
    counts[1, -1] = 150  # more than the season brings
    found = said(counts)
    assert found[0].status == "steady" and "season" in found[0].reason
    assert found[1].status == "growing"
    bound = seasonal_bound(counts, np.ones(counts.shape[1]))
    assert (bound > 60).all() and (bound < 120).all()
    # without a year of weeks there is no bound
    assert np.isnan(seasonal_bound(counts[:, -40:], np.ones(40))).all()


def test_the_seasonal_bound_lets_growth_since_last_year_through():
    rng = np.random.default_rng(11)
    counts = rng.poisson(10, (3, 105))
    counts[:, -1] = 35
    assert {t.status for t in said(counts)} == {"growing"}


def test_contacts_and_cost_per_year():
    year = contacts_per_year([10] * 8)
    assert year.value == pytest.approx(521.8, abs=0.1) and year.low < year.value < year.high
    burst = contacts_per_year([0] * 7 + [80])
    assert burst.value == year.value and burst.high > 2 * year.high
    assert cost_per_year(year, 4.5).high == pytest.approx(4.5 * year.high)
    assert contacts_per_year([]).high == float("inf")


def test_a_voice_falls_silent_only_when_all_its_causes_are_fixed():
    causes = [np.array([1, 2, 3]), np.array([3, 4]), np.array([5])]
    assert removable_share(causes, 10, top=1) == pytest.approx(0.2)
    assert removable_share(causes, 10, top=2) == pytest.approx(0.4)
    assert removable_share(causes, 10, top=9) == pytest.approx(0.5)
    assert removable_share([], 0) == 0.0


@given(
    st.builds(
        Facts,
        voices=st.integers(0, 50),
        first_seen=st.integers(0, 60),
        silent=st.integers(0, 10),
        gap=st.none() | st.integers(0, 10),
        back_for=st.integers(0, 10),
        back_voices=st.integers(0, 50),
        history=st.integers(0, 60),
        ratio=st.floats(0, 50) | st.just(float("nan")),
        q=st.floats(0, 1) | st.just(float("nan")),
        expected=st.floats(0, 50),
        above_season=st.none() | st.booleans(),
        verdict=st.sampled_from([None, "worked", "returned", "worse", "too early to say"]),
    )
)
def test_every_state_of_affairs_has_one_status_and_a_sentence(facts):
    word, reason = status(facts)
    assert word in STATUSES and reason and "\n" not in reason
    if word in ("new", "growing", "fading"):
        assert facts.q <= 0.10


def test_five_hundred_causes_and_five_years_take_well_under_a_second():
    rng = np.random.default_rng(12)
    read = rng.normal(3000, 300, 260)
    mean = np.exp(rng.normal(1.5, 1.2, (500, 1))) * read / 3000
    counts = _noisy(rng, mean, 0.1)
    said(counts[:, :20], read[:20])
    before = time.process_time()
    found = said(counts, read)
    assert time.process_time() - before < 1.0
    assert len(found) == 500


def _noisy(rng, mean, alpha):
    alpha = np.broadcast_to(alpha, np.shape(mean)) if np.ndim(alpha) else alpha
    if np.ndim(alpha) == 0 and alpha == 0:
        return rng.poisson(mean)
    return rng.poisson(mean * rng.gamma(1 / alpha, 1, np.shape(mean)) * alpha)
