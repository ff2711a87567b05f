"""Questions asked of finished models: fire sales, leverage cycles, known answers, attribution, policy."""
