"""Studies: what a property of the devices does to the pictures, over seeds and chips, in parallel over processes."""
