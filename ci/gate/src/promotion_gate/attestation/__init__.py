"""A verdict as a signed statement: in-toto's test-result in a DSSE envelope, verified without a network."""
