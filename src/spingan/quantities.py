"""Quantities as text: SI prefixes, areas, and what is not counted."""

NOT_COUNTED = "not counted"
_PREFIXES = tuple(
    zip(
        (1e6, 1e3, 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-18),
        ("M", "k", "", "m", "µ", "n", "p", "f", "a"),
        strict=True,
    )
)


def energy_text(energy_j: float | None, digits: int = 5) -> str:
    """An energy with an SI prefix, such as `4.9011 nJ`; `not counted` for None."""
    return quantity_text(energy_j, "J", digits)


def quantity_text(value: float | None, unit: str, digits: int = 5) -> str:
    """A number with an SI prefix, such as `18.8 ks` or `0 J`; `not counted` for None."""
    if value is None:
        return NOT_COUNTED
    if value == 0:
        return f"0 {unit}"
    size = abs(float(f"{value:.{digits}g}"))  # as it is printed: 999.99 fJ to three digits is 1 pJ
    factor, prefix = next(
        ((factor, prefix) for factor, prefix in _PREFIXES if size >= factor * (1 - 1e-9)), _PREFIXES[-1]
    )
    return f"{value / factor:.{digits}g} {prefix}{unit}"


def area_text(area_m2: float | None) -> str:
    """An area in µm² or mm²; `not counted` for None."""
    if area_m2 is None:
        return NOT_COUNTED
    return f"{area_m2 * 1e12:,.4g} µm²" if area_m2 < 1e-9 else f"{area_m2 * 1e6:,.4g} mm²"
