"""Whole studies as lists of commands: stimuli, networks, scores and the report, in one go."""

from .runner import run_story
from .story import Step, Story, list_stories, load_story

__all__ = ["Step", "Story", "list_stories", "load_story", "run_story"]
