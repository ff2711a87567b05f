"""From public data to parameters: moments of yields, fits, and comparisons of model with data."""
