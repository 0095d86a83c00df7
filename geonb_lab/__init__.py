"""What one does with geonb's answers: measure them, make them for many photos, play against them.

``__init__.pyi`` lists the public names, each beside its module. A name is loaded when it's first
used; importing geonb_lab imports nothing else.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
