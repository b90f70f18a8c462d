"""Which pre-release packages and images nothing refers to any more. It lists them, and deletes nothing."""
