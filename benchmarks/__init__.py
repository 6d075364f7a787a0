"""Commands that time or photograph; none of them runs in the tests."""
