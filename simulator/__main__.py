"""``python -m simulator`` is the command ``unwind``."""

from simulator.cli.main import main

main()
