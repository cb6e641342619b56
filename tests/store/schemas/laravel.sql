-- A Laravel application with Socialite: its own tables, and bookings with soft deletes.
CREATE TABLE "migrations" ("id" integer primary key autoincrement not null, "migration" varchar not null,
    "batch" integer not null);
CREATE TABLE "users" ("id" integer primary key autoincrement not null, "name" varchar not null,
    "email" varchar not null, "email_verified_at" datetime, "password" varchar not null, "remember_token" varchar,
    "created_at" datetime, "updated_at" datetime);
CREATE TABLE "sessions" ("id" varchar not null, "user_id" integer, "ip_address" varchar, "user_agent" text,
    "payload" text not null, "last_activity" integer not null, primary key ("id"));
CREATE TABLE "jobs" ("id" integer primary key autoincrement not null, "queue" varchar not null,
    "payload" text not null, "attempts" integer not null, "reserved_at" integer, "available_at" integer not null,
    "created_at" integer not null);
CREATE TABLE "social_accounts" ("id" integer primary key autoincrement not null, "user_id" integer not null,
    "provider" varchar not null, "provider_user_id" varchar not null, "created_at" datetime,
    foreign key("user_id") references "users"("id") on delete cascade);
CREATE TABLE "coach_availabilities" ("id" integer primary key autoincrement not null, "coach_id" integer not null,
    "starts_at" datetime not null, "ends_at" datetime not null);
CREATE TABLE "bookings" ("id" integer primary key autoincrement not null, "uuid" varchar not null,
    "student_id" integer not null, "coach_id" integer not null,
    "status" varchar check ("status" in ('pending', 'confirmed', 'cancelled', 'completed')) not null default 'pending',
    "starts_at" datetime not null, "ends_at" datetime not null, "notes" text, "created_at" datetime,
    "updated_at" datetime, "deleted_at" datetime,
    foreign key("student_id") references "users"("id"), foreign key("coach_id") references "users"("id"));
CREATE UNIQUE INDEX "bookings_uuid_unique" on "bookings" ("uuid");
INSERT INTO migrations VALUES (1, '0001_01_01_000000_create_users_table', 1);
INSERT INTO users VALUES (1, 'Ada', 'ada@example.org', NULL, 'x', NULL, NULL, NULL),
    (2, 'Bob', 'bob@example.org', NULL, 'x', NULL, NULL, NULL);
INSERT INTO sessions VALUES ('kq3', 1, '127.0.0.1', 'Mozilla', 'e30=', 1760000000);
INSERT INTO social_accounts VALUES (1, 1, 'google', '104830', NULL), (2, 1, 'discord', '1300000000000000011', NULL),
    (3, 2, 'discord', '1300000000000000022', NULL);
INSERT INTO coach_availabilities VALUES (1, 2, '2099-06-15 08:00:00', '2099-06-15 18:00:00');
INSERT INTO bookings VALUES
    (1, '9b1c0de0-0000-4000-8000-000000000001', 1, 2, 'confirmed', '2099-06-15 08:00:00', '2099-06-15 09:00:00', NULL,
     NULL, NULL, NULL),
    (2, '9b1c0de0-0000-4000-8000-000000000002', 1, 2, 'confirmed', '2099-06-16 08:00:00', '2099-06-16 09:00:00', NULL,
     NULL, NULL, '2026-01-01 00:00:00');
