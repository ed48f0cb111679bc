"""The command line of Tocsin and the loading of its configs."""

__version__ = "0.1.0"
