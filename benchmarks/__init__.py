"""What is claimed to be quick or exact, measured beside other tools in the same run."""
