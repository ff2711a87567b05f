"""What the user writes: schema, loading with file and line, cross-field checks, market presets."""
