"""Perceived motion: does a model see what people see, where they do not see what is there?"""
