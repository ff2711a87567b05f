"""The opening books: a scenario becomes parameters, the books of day 0 and its schedule."""
