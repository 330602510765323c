"""Products, convolutions, pooling."""
def cases():
    return iter(())
