"""The exogenous world, vectorised over paths: yields, volatility, flows and scenario events."""
