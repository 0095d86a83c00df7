"""The command ``geonb clean NOTEBOOK…``: a notebook without keys, to share."""

import click

from geonb_lab.cleaning import clean_notebook


@click.command()
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOK...")
def clean(notebooks: tuple[str, ...]) -> None:
    """Remove Google's API keys and the state of widgets from saved notebooks."""
    for path in notebooks:
        click.echo(clean_notebook(path))
