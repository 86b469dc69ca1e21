"""The bench: one page on this machine on which a technology's properties are turned, and pictures and bill follow."""
