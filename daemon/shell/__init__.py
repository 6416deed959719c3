"""I/O around daemon.core: files, SQLite, sockets, worker processes. Shells move bytes; cores decide."""
