"""Contract arithmetic on its own: basis rows, bonds, baskets, delivery options and trade arithmetic."""
