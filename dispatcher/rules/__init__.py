"""May we send? One pure function a file, each named as the rule it is; decide.py asks them all."""
