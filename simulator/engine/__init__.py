"""How the simulation runs: flat parameters, state, phases, the order of the day, blocks of paths."""
