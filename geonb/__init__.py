"""geonb tells where a photo was taken.

``__init__.pyi`` lists the public names, each beside its module. A name is loaded when it's first
used; importing geonb imports nothing else.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
