"""Package sets: from archives to files, and from files to the trees that a guest sees."""
