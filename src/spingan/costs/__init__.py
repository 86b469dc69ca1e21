"""What a net uses of the hardware, and what that costs in energy, time and area."""
