"""What happens in a day, sector by sector: loops that read and write the books and call rules."""
