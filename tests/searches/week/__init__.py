"""A platform's week on several hosts with one PostgreSQL and one Discord, amid all that befalls hosts."""
