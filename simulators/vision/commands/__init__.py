"""The command line of moving stimuli."""
