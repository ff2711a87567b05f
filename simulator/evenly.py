"""The number whose multiples, modulo one, lie evenly apart however many are taken."""

#: Golden ratio: any number of its multiples, modulo one, spread evenly over the unit interval.
GOLDEN_RATIO = 0.5 * (5.0**0.5 - 1.0)
