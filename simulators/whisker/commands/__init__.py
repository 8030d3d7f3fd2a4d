"""The shell side: options of `neuromodels simulate whisker`, single scenes, sets of stimuli."""
