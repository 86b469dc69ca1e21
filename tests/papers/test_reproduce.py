"""The comparison as a whole."""

import json

import pytest

from spingan.papers.judge import STATUSES
from spingan.papers.live import bill as bill_of
from spingan.papers.printed import KINDS, printed_rows
from spingan.papers.sources import LIVE_BY_NAME


def row(comparison, what):
    return next(row for row in comparison.rows if row.quantity == what)


def test_every_printed_number_is_in_the_comparison(comparison):
    assert [(row.paper, row.quantity) for row in comparison.rows] == [(row.paper, row.what) for row in printed_rows()]
    assert len(comparison.rows) >= 60


def test_only_what_was_computed_matches(comparison):
    assert {row.kind for row in comparison.rows if row.status == "matches"} <= {"arithmetic", "predicted"}
    assert all(row.ours is not None for row in comparison.rows if row.status == "matches")


def test_what_differs_has_a_reason_and_what_needs_something_says_what(comparison):
    for found in comparison.rows:
        assert found.reason or found.status not in ("differs", "needs"), found.quantity


def test_a_row_says_how_ours_was_obtained(comparison):
    for found in comparison.rows:
        if found.ours is not None:
            assert found.how and found.command and found.obtained
            assert (found.stored is None) == (found.age_days is None)


def test_every_live_source_gives_the_value_that_its_rows_ask_for(comparison):
    assert [
        found.quantity for found in comparison.rows if "has no" in found.reason and "make it anew" in found.reason
    ] == []


def test_what_stands_beside_a_row_is_in_its_source(comparison):
    stored = {state.name for state in comparison.stored if state.age_days is not None}
    for printed, found in zip(printed_rows(), comparison.rows, strict=True):
        for source, names in printed.beside.items():
            if source in stored or source in LIVE_BY_NAME:
                assert all(name in found.beside for name in names), found.quantity


def test_table_i_follows_digit_by_digit_but_for_the_batches_that_cannot(comparison):
    matching = {
        "backward pass, Fashion-MNIST", "optimiser, Fashion-MNIST", "forward pass, Anime", "backward pass, Anime",
        "optimiser, Anime", "batches of an epoch, Anime", "training a batch, Anime", "training an image, Anime",
    }  # fmt: skip
    assert all(row(comparison, what).status == "matches" for what in matching)
    slip = row(comparison, "batches of an epoch, Fashion-MNIST")
    assert (slip.status, slip.printed, slip.ours) == ("differs", 493, 469)
    assert "cut" in row(comparison, "training an image, Anime").reason


def test_ours_is_what_the_package_computes(comparison):
    bill = bill_of("fashion-mnist")
    assert row(comparison, "training an image, Fashion-MNIST").ours == pytest.approx(
        bill["training, an image"].number, rel=1e-11
    )  # kept to 12 digits


def test_distances_in_our_features_stand_beside_an_fid_and_are_never_compared_with_it(comparison):
    for what in ("FID, Fashion-MNIST", "FID, Anime", "FID with weight noise, Fashion-MNIST"):
        found = row(comparison, what)
        assert found.status == "needs" and found.ours is None
        assert "Inception" in found.reason


def test_counts_and_headline_are_of_the_rows(comparison):
    counts = comparison.counts
    assert set(counts) == set(KINDS) and all(set(found) == set(STATUSES) for found in counts.values())
    assert sum(sum(found.values()) for found in counts.values()) == len(comparison.rows)
    assert counts["input"]["matches"] == counts["fitted"]["matches"] == 0
    computed = [counts[kind][status] for kind in ("arithmetic", "predicted") for status in ("matches", "differs")]
    assert f"of {sum(computed)} that we computed {computed[0] + computed[2]} match" in comparison.headline


def test_the_object_is_json_with_numbers_as_numbers(comparison):
    content = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert {"headline", "counts", "rows", "tolerances", "stored"} <= set(content)
    found = content["rows"][0]
    assert {"quantity", "printed", "ours", "unit", "kind", "status", "source", "reason", "obtained"} <= set(found)
    assert all(isinstance(row["printed"], int | float | list) for row in content["rows"])


def test_a_source_that_this_machine_lacks_makes_its_rows_need_it(monkeypatch):
    from spingan.data.fashion_mnist import FASHION_MNIST
    from spingan.papers.reproduce import reproduce

    monkeypatch.setattr(type(FASHION_MNIST), "find", lambda self, path=None: None)
    rows = reproduce(["fashion-mnist-files"]).rows
    assert rows and all(row.status == "needs" and "fashion-mnist" in row.reason for row in rows)
