"""Many blocks of paths: the plan and its execution."""
