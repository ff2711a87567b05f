"""How each actor decides: pure scalar rules."""
