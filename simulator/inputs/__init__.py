"""The data files that a scenario names, opened and checked in one place, for whoever validates or runs it."""
