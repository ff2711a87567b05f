"""Many scenarios at once: a sweep file, its cells, and what they come to."""
