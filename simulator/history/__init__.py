"""What happened: episodes of history as data, and how a run is measured beside them."""
