"""What is shown: in a notebook, without one, and on the card of a map."""

from types import SimpleNamespace

import pytest

import geonb


def shown_in_a_notebook(shown):
    """The outputs that a notebook gets, (data, metadata) each."""
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell

    outputs = []
    publisher = SimpleNamespace(
        publish=lambda data, metadata, **_: outputs.append((data, metadata))
    )
    shell = SimpleNamespace(display_pub=publisher, display_formatter=DisplayFormatter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InteractiveShell, "initialized", lambda: True)
        patch.setattr(InteractiveShell, "instance", lambda: shell)
        data, metadata = shell.display_formatter.format(shown)
    return [*outputs, *([(data, metadata)] if data else [])]


def card(case, **options):
    """The card of predictions as a figure; its axes are photo, close-up, world, list."""
    return geonb.show_map(case, provider="static", **options).figure()


def texts(axes):
    """What is written on them, by its words."""
    return {t.get_text(): t for t in axes.texts}
