"""How contracts and prices work: pure scalar rules and the contract table."""
