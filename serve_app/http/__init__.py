"""The web side of Studio: pages, sign-in, media, uploads, health, and the partner API's routes."""
