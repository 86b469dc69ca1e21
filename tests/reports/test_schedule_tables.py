"""Write schedules as tables for people."""

from dataclasses import replace

from spingan.cost_tables import write_schedules
from spingan.papers.am_dcgan_table_2 import implied_table
from spingan.reports.schedule_tables import schedule_notes, schedule_sections

OURS = write_schedules("fashion-mnist")
BOTH = replace(OURS, implied=implied_table())


def test_every_row_is_as_long_as_its_headings():
    for section in schedule_sections(BOTH):
        assert section.rows
        assert all(len(row) == len(section.headings) for row in section.rows)
        assert all(column < len(section.headings) for column in section.right)


def test_printed_and_ours_never_share_a_table():
    titles = [section.title for section in schedule_sections(BOTH)]
    assert [("reverse-engineered" in title, "Our schedules" in title) for title in titles[:4]] == (
        [(True, False)] * 2 + [(False, True)] * 2
    )
    assert all("printed" not in section.headings for section in schedule_sections(BOTH)[2:])
    assert len(schedule_sections(OURS)) == len(titles) - 2


def test_the_cells_that_cannot_be_right_are_named_below():
    assert "17.2000 W" in schedule_notes(BOTH)[0] and "cannot be right" in schedule_notes(BOTH)[0]
