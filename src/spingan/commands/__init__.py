"""The commands of `spingan`: each reads its arguments, calls one public function and prints what it returns.

Nothing heavier than typer is imported before a command runs, so that help is instant.
"""
