"""How a technology's arrays hold weights and how they are read, through loads and wires.

Conductances are in units of the synapse's span, the smallest included (`spingan.arrays.mapping`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from spingan.arrays.wires import WireRules, fold_once
from spingan.spec.technology import Encoding, Technology


@dataclass(frozen=True)
class ArrayRules:
    """How a technology's arrays hold weights and how they are read.

    Attributes:
        off: Smallest conductance of a device; 0 where it is unknown.
        load: Conductance of the load that each column ends in; None for a virtual ground.
        tile_rows: Rows of one physical array; None is one array, whatever its size.
        weights_across: Weights side by side in one physical array; None is all of them. Without wires they are alone.
        separate: Whether a pair's two devices stand in arrays of their own.
        wires: Resistances around the cells; None is ideal wires.
        span_s: Siemens of one unit of the conductances; None where it is unknown, and then there are no wires.
    """

    encoding: Encoding
    off: float
    load: float | None
    tile_rows: int | None
    weights_across: int | None = None
    separate: bool = False
    wires: WireRules | None = None
    span_s: float | None = None

    @classmethod
    def of(cls, technology: Technology, references: int = 1) -> Self:
        """Those of a technology.

        Args:
            references: Reference columns of each tile, in the midpoint encoding: one, or one for each phase.

        Raises:
            UserError: A tile is too narrow to hold one weight.
        """
        wires, synapse, span_s = WireRules.of(technology), technology.synapse, None
        if synapse is not None and synapse.basis != "normalised":
            span_s = synapse.conductance[-1] - synapse.conductance[0]
        return cls(
            technology.encoding,
            technology.off_conductance,
            technology.load_conductance,
            technology.tile_rows,
            technology.weights_across(references),
            technology.tiles_per_weight > 1,
            None if wires.ideal or span_s is None else wires,
            span_s,
        )

    @property
    def span(self) -> float:
        """The weight, in full scales, that one unit of the conductances' difference stands for."""
        return {"midpoint_reference": 2.0, "differential_pair": 1.0, "sign_crossbar": 1 / (1 + self.off)}[self.encoding]

    def conductances(self, weight_in_full_scale: Tensor, column_axis: int) -> tuple[Tensor, Tensor]:
        """Both conductances of weights in -1..1; differentiable.

        Returns:
            That of the weight's own device, as the weights, and the one that is subtracted: the pair's other device, or
            the reference column, of size 1 along `column_axis`. A sign crossbar has one device a weight; its other half
            is nothing.
        """
        if self.encoding == "midpoint_reference":
            reference = torch.full_like(weight_in_full_scale.narrow(column_axis, 0, 1), self.off + 0.5)
            return (weight_in_full_scale + 1) / 2 + self.off, reference
        one_device = self.encoding == "sign_crossbar"
        scale, bottom = (1 + self.off, 0.0) if one_device else (1.0, self.off)
        upper, lower = weight_in_full_scale.clamp(min=0), (-weight_in_full_scale).clamp(min=0)
        return upper * scale + bottom, lower * scale + bottom

    def read(self, positive: Tensor, negative: Tensor, row_axis: int, built: Tensor | None = None) -> Tensor:
        """The difference that a column gives for each of its devices, read out through ideal wires; differentiable.

        Args:
            positive, negative, row_axis, built: As of `halves`.
        """
        upper, lower = self.halves(positive, negative, row_axis, built)
        return upper - lower

    def halves(
        self, positive: Tensor, negative: Tensor, row_axis: int, built: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What both columns of the difference give for each of their devices, through ideal wires; differentiable.

        Columns held at ground subtract their currents. Of columns that end in a load each gives
        V = Σ g v / (Σ g + load), and the pair's two are subtracted: no amplifier holds the column at ground, so that
        every device on it, driven or not, draws its voltage down, and a weight is divided by its column's whole
        conductance (docs/derivations.md, section 5). The amplifier behind the columns is set for columns whose devices
        are all at their smallest; then one device that opens in such a column has the weight that a virtual ground
        would give it, up to what it adds to the sum itself. A column of several tiles has a load in each, and the
        tiles' partial sums are added digitally.

        Args:
            negative: As `positive`, or with fewer columns, each of which is subtracted from as many side by side.
            row_axis: The axis that counts a column's devices.
            built: Where there are devices, as `negative`; None: everywhere. Elsewhere both conduct nothing.
        """
        negative = of_each_column(negative, positive, 1 - row_axis)
        if self.load is None:
            return positive, negative
        there = None if built is None else of_each_column(built, positive, 1 - row_axis)
        rows = positive.shape[row_axis]
        tall = self.tile_rows or rows
        tiles: tuple[list[Tensor], list[Tensor]] = [], []
        for first in range(0, rows, tall):
            of_tile = row_axis, first, min(tall, rows - first)
            devices = of_tile[-1] if there is None else there.narrow(*of_tile).sum(row_axis, keepdim=True)
            for half, held in zip((positive, negative), tiles, strict=True):
                held.append(self._behind_a_load(half.narrow(*of_tile), devices, row_axis))
        return torch.cat(tiles[0], row_axis), torch.cat(tiles[1], row_axis)

    def _behind_a_load(self, conductance: Tensor, devices: int | Tensor, row_axis: int) -> Tensor:
        assert self.load is not None
        amplified = self._amplified(devices)
        return conductance * (amplified / (conductance.sum(dim=row_axis, keepdim=True) + self.load))

    def _amplified(self, devices: int | Tensor) -> float | Tensor:
        """The conductance of a column of so many devices at their smallest and of its load: the amplifier's gain."""
        assert self.load is not None
        return devices * self.off + self.load

    def halves_behind_wires(
        self, positive: Tensor, negative: Tensor, built: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`halves` through the tiles' wires, both (rows, columns): exact for ohmic cells, and not differentiable.

        A pair's two columns stand side by side in one tile, the positive one before the other, or in a tile each;
        references stand behind the last weight of each tile, all of them. So all weights of a tile share its rows'
        currents, and a reference has one transfer in each. Where no device is built a row still reaches the column, by
        way of its neighbours; a layer that leaves places empty has no weight there and leaves that out
        (tests/nn/test_random_technologies.py: below 1e-4 of full scale at 5 ohm and 100 µS a cell).

        Args:
            positive, negative, built: (rows, columns) and (rows, columns or fewer), as of `ProgrammedArray`.
        """
        if self.wires is None or self.span_s is None:
            return self.halves(positive, negative, 0, built)
        there = torch.ones_like(positive) if built is None else of_each_column(built, positive, 1).to(positive)
        sharing = positive.shape[1] // negative.shape[1]
        upper, lower = torch.empty_like(positive), torch.empty_like(positive)
        for tile in self._tiles(*positive.shape):
            own, devices = positive[tile], there[tile].sum(0)
            if self.encoding == "midpoint_reference":
                place = torch.arange(positive.shape[1])[tile[1]] // sharing
                both = torch.cat((own, negative[tile[0]]), dim=1)
                of_references = there[tile[0]].sum(0)[::sharing]
                through = self._through_wires(both, torch.cat((devices, of_references)))
                upper[tile], lower[tile] = through[:, : len(place)], through[:, len(place) :][:, place]
            elif self.separate:
                upper[tile] = self._through_wires(own, devices)
                lower[tile] = self._through_wires(negative[tile], devices)
            else:
                both = torch.stack((own, negative[tile]), dim=2).flatten(1)
                through = self._through_wires(both, devices.repeat_interleave(2))
                upper[tile], lower[tile] = through[:, ::2], through[:, 1::2]
        return upper, lower

    def attenuated(self, weight: Tensor, passed: Tensor, other_passed: Tensor, full: Tensor) -> Tensor:
        """What columns held at ground give of weights whose devices pass so much of their current; differentiable.

        `conductances` and their difference in one expression, in which only the sign of a pair's weight chooses.

        Args:
            weight: In the net's unit, as written.
            passed, other_passed: As of `attenuation`, shaped as the weight: constants for a gradient.
            full: The full scale of each weight, broadcast.
        """
        assert self.load is None
        own, difference = passed, passed - other_passed
        if self.encoding == "differential_pair":  # torch.where takes three times as long
            own = torch.addcmul(other_passed, difference, (weight.detach() > 0).to(difference.dtype))
        base = {"midpoint_reference": 2 * self.off + 1, "differential_pair": self.off, "sign_crossbar": 0.0}
        return torch.addcmul(difference.mul_(full * base[self.encoding]), weight, own)

    def attenuation(self, positive: Tensor, negative: Tensor, built: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`halves_behind_wires` over `halves`, (rows, columns) each: what wires leave of every device; 1 where none is.

        Conductances that change by a few percent change it far less, so that training may keep it for a while:
        benchmarks/bench_wires.py prints by how much.
        """
        behind = self.halves_behind_wires(positive, negative, built)
        ideal = self.halves(positive, negative, 0, built)
        if self.encoding == "sign_crossbar":  # whose two halves are one device: with what passes where the other is not
            both = _share(behind[0] - behind[1], ideal[0] - ideal[1])
            return both, both
        return _share(behind[0], ideal[0]), _share(behind[1], ideal[1])

    def _tiles(self, rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
        tall, wide = self.tile_rows or rows, self.weights_across or columns
        for row in range(0, rows, tall):
            for column in range(0, columns, wide):
                yield slice(row, min(row + tall, rows)), slice(column, min(column + wide, columns))

    def _through_wires(self, conductance: Tensor, devices: Tensor) -> Tensor:
        """What one tile gives for each device, (rows, columns), as `halves`; `devices` counts those of each column."""
        assert self.wires is not None and self.span_s is not None
        siemens = conductance.double().cpu().numpy() * self.span_s
        transfer = torch.from_numpy(fold_once(siemens, self.wires) / self.span_s).to(conductance.device)
        if self.load is not None:  # the load carries the current, and its voltage is read
            transfer *= self._amplified(devices) / self.load
        return transfer.to(conductance.dtype)


def _share(passed: Tensor, ideal: Tensor) -> Tensor:
    """What passes over what would through ideal wires; 1 where nothing is."""
    return torch.where(ideal != 0, passed / ideal, torch.ones_like(passed))


def of_each_column(shared: Tensor, like: Tensor, column_axis: int) -> Tensor:
    """What several columns side by side share, such as a reference, for each of them."""
    each = like.shape[column_axis] // shared.shape[column_axis]
    if shared.shape[column_axis] == 1:
        return shared.expand_as(like)
    return shared if each == 1 else shared.repeat_interleave(each, column_axis)
