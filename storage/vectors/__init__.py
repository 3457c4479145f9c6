"""Vectors under ids, with metadata to filter by: embedded, in PostgreSQL, at Pinecone."""
