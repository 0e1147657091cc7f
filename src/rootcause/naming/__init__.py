"""A group of mentions to a title, key phrases and three quotes."""

from rootcause.naming.hearing import phrases_of
from rootcause.naming.library import LibraryPhrase, load_library
from rootcause.naming.names import Name, name_clusters
from rootcause.naming.quotes import pick_quotes

__all__ = ["LibraryPhrase", "Name", "load_library", "name_clusters", "phrases_of", "pick_quotes"]
