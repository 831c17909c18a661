"""What all tests share: one lab of three brokers for the whole session, in a place of its own."""
