"""Measured and simulated tables, and the devices that are fitted to them."""
