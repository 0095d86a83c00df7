"""geonb tells where a photo was taken."""
