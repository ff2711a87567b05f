"""Estimation of parameters from targets: designs over priors, emulators of moments, weighted parameter sets."""
