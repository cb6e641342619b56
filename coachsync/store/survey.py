"""What there is in another system's database, whichever kind it is. Read only."""

from __future__ import annotations

from coachsync.domain.surveyed import SurveyedTable
from coachsync.errors import ConfigError
from coachsync.store.open import parse_url


def survey(url: str, base_dir: str) -> tuple[SurveyedTable, ...]:
    """Return the tables and views of a database, but our own and broken ones. Raises ConfigError, StoreError."""
    location = parse_url(url, base_dir)
    if location.kind == "sqlite":
        from coachsync.store.sqlite.survey import survey_file

        return survey_file(location.path)
    if not location.is_file:
        from coachsync.store.postgres.survey import survey_postgres

        return survey_postgres(url)
    hint = "name one: sqlite:///FILE (four slashes for an absolute path), or postgresql://USER@HOST/DATABASE"
    raise ConfigError(f"{url} is no database", hint)
