"""Lambda of the local AWS: packages, environments, the Runtime API. (`lambda` is a word of Python.)"""
