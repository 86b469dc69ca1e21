"""Values of the papers' tables as the package computes them now, and the settings of its studies."""

from spingan.papers.values import Value, Values


def accounts() -> Values:
    """The two factors of paper S's accounts."""
    from spingan.papers.paper import paper_numbers

    paper = paper_numbers()
    return {
        "backward passes in units of a forward one": Value(paper.backward_per_forward, "1"),
        "updates of the optimiser a batch": Value(paper.optimiser_updates, "1"),
    }


def table_2() -> Values:
    """Table II of paper M from the counts that its cells imply, and its number of updates."""
    from spingan.papers.am_dcgan import am_dcgan_numbers, implied_table

    table = implied_table()
    found = {"updates of a training": Value(am_dcgan_numbers().updates, "1", "images x epochs, one update an image")}
    for row in table.rows:
        note = f"{row.at_once:,.0f} devices at once, {row.pulses:,} pulses an update: {row.counts_from}"
        found |= {f"{row.schedule}: {cell.quantity}": Value(cell.implied, cell.unit, note) for cell in row.cells}
    return found


def small_pair() -> Values:
    """Paper M's small pair at Table I's figures: the described layers, a set of cells a filter, and one a value."""
    from spingan.papers.am_dcgan import am_dcgan_numbers
    from spingan.papers.am_dcgan_account import PAPER_M_RECIPE, components

    small, each_value = components(PAPER_M_RECIPE).small_sums
    cells = ", ".join(
        f"{number} {name}" for name, number in small.counts.items() if name in am_dcgan_numbers().components
    )
    return {
        "power, cells of Table I in the described pair": Value(small.power_w, "W", cells),
        "area, cells of Table I in the described pair": Value(small.area_m2 * 1e6, "mm²", cells),
        "power, a set of cells for each value": Value(each_value.power_w, "W"),
        "area, a set of cells for each value": Value(each_value.area_m2 * 1e6, "mm²"),
    }


def study_settings() -> Values:
    """The settings of the studies of paper M's figures 7 and 8."""
    from spingan.studies.levels import LEVELS
    from spingan.studies.variability import FRACTIONS

    return {
        "levels, figure 8": Value(tuple(LEVELS), "1"),
        "variability, figure 7": Value(tuple(round(100 * fraction, 9) for fraction in FRACTIONS), "%"),
    }


def bill(recipe: str) -> Values:
    """Table I of paper S for one of its recipes."""
    from spingan.papers.training_account import account_of_recipe

    account = account_of_recipe(recipe)
    counts = ", ".join(f"{line.count:,} {line.function} in {line.net}" for line in account.activations)
    found = {
        row.quantity: Value(row.ours, row.unit or "1", counts if row.quantity.startswith("forward") else row.note)
        for row in account.table
    }
    trainable = f"{account.counts.both.trainable:,} values"
    return found | {
        f"update, {reading.reading}": Value(
            reading.energy_j * 1e9, "nJ", f"{trainable} at {reading.energy_per_value_j * 1e15:.4g} fJ"
        )
        for reading in account.updates
    }
