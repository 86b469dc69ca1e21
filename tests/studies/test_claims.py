"""Claims are data, and the verdict on them follows the rules that were fixed beforehand."""

import pytest

from spingan.evaluation.interval import Interval, interval
from spingan.papers.claims import paper_claims, printed_points
from spingan.studies.claims import Claim, judge, largest_tolerated
from spingan.studies.study import Series, Setting, tolerated


def setting(value: float, *distances: float) -> Setting:
    found, ideal = interval(distances), interval((9.9, 10.0, 10.1))
    return Setting(value, "", distances, found, found.mean / ideal.mean, tolerated(found, ideal))


IDEAL = setting(0.0, 9.9, 10.0, 10.1)
GOOD, BAD = (10.0, 10.1, 10.2), (20.0, 20.1, 20.2)


def verdict(low: float, high: float, reach: float) -> str:
    line = Series("axis", "", "", "FD", (setting(0.0, *GOOD), setting(0.3, *GOOD), setting(0.5, *BAD)))
    (found,) = judge([Claim("it is tolerated", "axis", "tolerated", (low, high), (reach,))], [line], IDEAL)
    return found.verdict


def test_a_claim_holds_when_all_that_it_covers_is_tolerated():
    assert verdict(0.0, 0.3, 0.3) == "holds"
    assert verdict(0.0, 0.5, 0.5) == "does not hold"
    assert verdict(0.0, 0.4, 0.4) == "not tested"  # the sweep lacks the claimed setting


def test_the_largest_tolerated_is_the_last_before_the_first_that_is_not_going_away_from_the_ideal():
    settings = [setting(0.0, *GOOD), setting(0.1, *BAD), setting(0.2, *GOOD)]
    assert largest_tolerated(settings, IDEAL) == 0.0
    assert largest_tolerated(settings, setting(1.0, *GOOD)) == 0.2
    assert largest_tolerated([setting(0.0, *BAD)], IDEAL) is None


def _weight(*distances: float) -> Series:
    return Series("weight noise", "of full scale, frozen", "", "FD", (setting(0.05, *distances),))


def test_claims_of_noise_follow_the_rule_that_was_fixed():
    def verdicts(*series):
        return [claim.verdict for claim in judge(paper_claims("noise"), series, IDEAL)]

    assert verdicts(_weight(*BAD)) == ["holds"]  # harm: far above 1.25 of the ideal
    assert verdicts(_weight(12.0, 12.1, 12.2)) == ["does not hold"]
    assert verdicts(_weight(5.0, 20.0, 60.0)) == ["does not hold"]  # an interval that says nothing
    latent = Series("latent noise", "", "", "FD", (setting(0.1, *GOOD), setting(0.2, 10.1, 10.2, 10.3)))
    assert verdicts(latent) == ["holds"]
    assert verdicts(Series("latent noise", "", "", "FD", latent.settings[:1])) == ["not tested"]
    inputs = Series("input noise", "", "", "FD", (setting(0.05, 11.0, 11.1, 11.2),))
    assert verdicts(inputs, _weight(*BAD)) == ["holds", "holds"]
    assert verdicts(inputs, _weight(11.0, 11.1, 11.3))[1] == "does not hold"


def test_an_error_is_small_when_every_width_that_is_claimed_has_a_small_one():
    def verdicts(errors: dict[int, float]) -> list[str]:
        settings = tuple(Setting(bits, "", (), Interval(error, error, error)) for bits, error in errors.items())
        line = Series("error of the weights", "gain a column", "", "MSE", settings)
        return [claim.verdict for claim in judge(paper_claims("quantization")[:1], [line])]

    assert verdicts({4: 0.01, 5: 0.001, 2: 0.5}) == ["holds"]
    assert verdicts({4: 0.011, 5: 0.001}) == ["does not hold"]
    assert verdicts({4: 0.01}) == ["not tested"]


def test_an_unsteady_loss_is_one_that_spreads_a_quarter_more_or_a_training_that_ends_early():
    def verdict_of(deviation: float, ended: str = "as planned") -> str:
        settings = tuple(
            Setting(bits, "", (), Interval(2.0, 2.0, 2.0), more={"deviation": spread, "ended": end, "steps": 10})
            for bits, spread, end in ((0, 1.0, "as planned"), (4, deviation, ended))
        )
        (found,) = judge(
            paper_claims("quantization")[1:], [Series("losses in training", "generator", "", "", settings)]
        )
        return found.verdict

    assert verdict_of(1.2) == "does not hold" and verdict_of(1.3) == "holds"
    assert verdict_of(0.5, "the training has diverged") == "holds"


def test_a_claim_about_an_axis_that_was_left_out_has_no_verdict_and_about_a_series_is_not_tested():
    assert judge(paper_claims("noise"), [], IDEAL) == ()
    assert [found.verdict for found in judge(paper_claims("quantization"), [])] == ["not tested"] * 2


def test_a_claim_without_a_figure_is_not_tested():
    (found,) = judge(paper_claims("leakage"), [_weight(*BAD)], IDEAL)
    assert found.verdict.startswith("not tested")


def test_printed_points_are_ratios_of_printed_figures():
    first, *_, last = printed_points()
    assert first.ratio == pytest.approx(300 / 27.5) and last.ratio == pytest.approx((45.4 + 16) / 45.4)
    assert first.settings == (0.02, 0.05) and last.settings is None
