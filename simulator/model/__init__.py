"""The border between economics and machine: tables declared once, references to them, loops, totals and payments."""
