"""geonb: where was this photo taken?"""
