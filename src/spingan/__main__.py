"""`python -m spingan` is the command `spingan`."""

from spingan.cli import main

main()
