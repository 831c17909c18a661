"""The wire engine: Kafka's protocol itself, so that the generator costs next to nothing."""
