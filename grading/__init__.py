"""Problem sets for students: write, release, collect, grade safely, return."""
