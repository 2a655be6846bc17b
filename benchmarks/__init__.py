"""What the book says of ce_lib's accuracy, speed and memory, measured: `make bench`."""
