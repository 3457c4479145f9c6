"""Settings of the vector store: where the semantic cache and the identities of characters keep their vectors.

The names in the environment that Pinecone's own programs use (`PINECONE_API_KEY`, `PINECONE_INDEX`, …) are read too.
"""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import also, bounded

VECTOR_STORES = ("embedded", "pgvector", "pinecone")


@dataclass(frozen=True, kw_only=True)
class VectorSettings:
    vector_store: str = "embedded"
    """embedded: a file in the data directory, for the processes of one machine; pgvector: PostgreSQL with the extension
    vector; pinecone: an index there."""
    vector_database_url: str = also(secret=True)
    """Of pgvector: postgresql://…. Empty: `database_url`."""
    vector_entries_max: int = bounded(
        1_000_000, 1_000, 10_000_000, "of one namespace, embedded; at 384 numbers a million is 1.5 GB of memory"
    )
    vector_sweep_s: int = bounded(3_600, 10, 86_400, "between sweeps of what expired, each worker process")

    pinecone_api_key: str = also("PINECONE_API_KEY", secret=True)
    """Better given by the environment than by application arguments, which the cluster keeps and shows."""
    pinecone_index: str = also("PINECONE_INDEX", "PINECONE_INDEX_NAME")
    """The name of a dense index that ranks by cosine, at least 512 wide (identities; prompts have 384)."""
    pinecone_host: str = also("PINECONE_HOST", "PINECONE_INDEX_HOST")
    """The index's own address, as its console shows it. Empty: it is asked for by name at each start."""
    pinecone_control: str = also("PINECONE_CONTROLLER_HOST")
    """Where names are asked for. Empty: Pinecone's own."""

    def check_vectors(self, database_url: str) -> None:
        """Raises ValueError in words."""
        if self.vector_store not in VECTOR_STORES:
            raise ValueError(f"{self.vector_store!r} is no vector store; known are {', '.join(VECTOR_STORES)}")
        if self.vector_store == "pgvector" and not (self.vector_database_url or database_url):
            raise ValueError("pgvector needs vector_database_url (or database_url)")
        if self.vector_store == "pinecone":
            if not self.pinecone_api_key:
                raise ValueError("pinecone needs pinecone_api_key (PINECONE_API_KEY)")
            if not (self.pinecone_index or self.pinecone_host):
                raise ValueError("pinecone needs pinecone_index or pinecone_host")
