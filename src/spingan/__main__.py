"""`python -m spingan` is the command `spingan`."""

try:
    from spingan.cli import main
except KeyboardInterrupt:  # before there is anything to stop
    raise SystemExit(130) from None

main()
