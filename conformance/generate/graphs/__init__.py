"""Level 4: graphs of a few nodes. patterns.py: what fusion, cutting and folding look at; drawn.py: seeded random ones."""
