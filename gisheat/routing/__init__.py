"""Routing: streets, stations, sources and existing pipes to new trenches."""
