"""What the book says of ce_lib's accuracy, speed and memory, measured: `make bench`."""


def table(head, rows):
    """A Markdown table of cells that are text already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
