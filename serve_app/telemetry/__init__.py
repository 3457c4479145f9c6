"""What operators' tools read: numbers of hosts, gathered when they ask."""
