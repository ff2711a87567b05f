"""Kinds of hedges: one module each, with the same functions; the module kinds tells them apart."""
