"""``python -m simulator`` is the command ``unwind``."""

from simulator.cli import main

main()
