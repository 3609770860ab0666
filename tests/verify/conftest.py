"""What runs in the environment of `make verify` is no test of this one: pytest looks for examples in every module."""

collect_ignore = ["browser_runner.py"]
