"""Commands about recipes: list, show, keys."""

from textwrap import fill

import typer

from spingan.commands.options import Json, RecipeName, Set
from spingan.commands.printing import Result, show, table
from spingan.tabular import cell

_INDENT = {"initial_indent": "    ", "subsequent_indent": "    "}
app = typer.Typer(help="Recipes: what decides how a net is trained.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_recipes(json: Json = False) -> None:
    """The recipes that come with the package."""
    from spingan.training.recipe import load_recipe, shipped_recipes

    recipes = [load_recipe(name) for name in shipped_recipes()]
    data = [
        {key: getattr(each, key) for key in ("name", "net", "technology", "loss", "epochs", "goes_on_from")}
        | {"data": each.data.name}
        for each in recipes
    ]
    heads = ("name", "net", "technology", "data", "loss", "epochs")
    text = table(heads, [[str(entry[head]) for head in heads] for entry in data], right=(5,))
    show(Result({"recipes": data}, text), json)


@app.command("show")
def show_recipe(recipe: RecipeName, set_: Set = None, json: Json = False) -> None:
    """A recipe with every key, as YAML: a beginning for one of your own."""
    from spingan.training.recipe import load_recipe, recipe_text

    chosen = load_recipe(recipe, set_ or [])
    show(Result(chosen.to_dict(), recipe_text(chosen).rstrip()), json)


@app.command("keys")
def keys(json: Json = False) -> None:
    """Every key that a recipe may have: its default, and what it means."""
    from spingan.training.recipe import recipe_keys

    found = recipe_keys()
    lines = [f"{each['key']}  ({_default(each)})\n{fill(each['meaning'], 100, **_INDENT)}" for each in found]
    show(Result({"keys": found}, "\n".join(lines)), json)


def _default(key: dict[str, object]) -> str:
    if "default" not in key:
        return "needed"
    return f"default {cell(key['default'])}" if key["default"] not in (None, ()) else "default none"
