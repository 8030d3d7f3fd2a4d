"""The compiled time loop: links, contacts, steps, and what a run needs beforehand."""
