"""The version of Unwind: below everything, so that whoever tells it imports nothing else."""

__version__ = "0.1.0"
