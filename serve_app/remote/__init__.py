"""Rendering elsewhere: the dispatcher of our attempts, our worker on the lists, the bridge to an endpoint."""
