"""The wire engine: load as Kafka's protocol itself, exact and so cheap that the generator is not what is measured."""
