"""A bare installation pretended: code that begins a process in which some modules can be neither imported nor found."""

WITHOUT = """
import json, sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else super().find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, context):
        return [] if context.name in blocked else super().find_distributions(context)

blocked = set(json.loads(sys.argv[1]))
sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""
"""Its first argument is the list of the modules, as JSON."""
