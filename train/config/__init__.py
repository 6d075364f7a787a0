"""A hub config -> a network and what is done with it."""
