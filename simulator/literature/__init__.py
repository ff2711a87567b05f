"""Rules of other papers and closed forms that the simulated day does not use: the known answers and small models do."""
