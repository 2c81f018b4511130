"""The journeys, one verb each."""
