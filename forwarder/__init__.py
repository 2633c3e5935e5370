"""Tell Pinterest, from the server, about every sale and sign-up the tag missed."""

__version__ = "0.1.0"
