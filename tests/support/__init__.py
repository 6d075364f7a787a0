"""What the tests share: small checkpoints, data sets and a stand-in Hub."""
