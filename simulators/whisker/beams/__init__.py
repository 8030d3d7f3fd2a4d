"""One whisker as a chain of elastic joints: what it is made of and how it resonates."""
