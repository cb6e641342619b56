-- A Django application with django-allauth's neighbours: sessions of coaching, and profiles with a Discord id.
CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL,
    "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL,
    "expire_date" datetime NOT NULL);
CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL,
    "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE,
    "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL,
    "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
CREATE TABLE "accounts_profile" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "discord_id" bigint NULL,
    "bio" text NOT NULL, "user_id" integer NOT NULL UNIQUE REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "coaching_session" ("id" char(32) NOT NULL PRIMARY KEY, "status" varchar(20) NOT NULL,
    "start" datetime NOT NULL, "duration_minutes" smallint unsigned NOT NULL CHECK ("duration_minutes" >= 0),
    "notes" text NOT NULL, "created" datetime NOT NULL,
    "coach_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
    "student_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO django_migrations VALUES (1, 'coaching', '0001_initial', '2026-01-01 00:00:00');
INSERT INTO django_session VALUES ('abc', 'e30', '2099-01-01 00:00:00');
INSERT INTO auth_user VALUES (1, 'x', NULL, 0, 'ada', 'Lovelace', 'ada@example.org', 0, 1, '2026-01-01', 'Ada'),
    (2, 'x', NULL, 0, 'bob', 'Coach', 'bob@example.org', 1, 1, '2026-01-01', 'Bob');
INSERT INTO accounts_profile VALUES (1, 1300000000000000011, '', 1), (2, 1300000000000000022, '', 2);
INSERT INTO coaching_session VALUES
    ('5f0c1e2a9d7b4c3e8a1f6b5d4c3e2f1a', 'scheduled', '2099-06-15 08:00:00', 45, '', '2026-01-01 00:00:00.123456', 2, 1),
    ('6f0c1e2a9d7b4c3e8a1f6b5d4c3e2f1b', 'no_show', '2020-06-15 08:00:00.500000', 45, '', '2020-01-01', 2, 1);
