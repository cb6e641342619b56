-- Cal.com's tables around bookings, after its schema.prisma, as Prisma keeps them in SQLite: moments in milliseconds.
CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
    "migration_name" TEXT NOT NULL, "started_at" DATETIME NOT NULL, "applied_steps_count" INTEGER NOT NULL);
CREATE TABLE "users" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "username" TEXT, "name" TEXT,
    "email" TEXT NOT NULL, "emailVerified" DATETIME, "bio" TEXT, "timeZone" TEXT NOT NULL DEFAULT 'Europe/London',
    "weekStart" TEXT NOT NULL DEFAULT 'Sunday', "startTime" INTEGER NOT NULL DEFAULT 0,
    "endTime" INTEGER NOT NULL DEFAULT 1440, "createdDate" DATETIME NOT NULL, "metadata" TEXT, "uuid" TEXT);
CREATE TABLE "Account" ("id" TEXT NOT NULL PRIMARY KEY, "userId" INTEGER NOT NULL, "type" TEXT NOT NULL,
    "provider" TEXT NOT NULL, "providerAccountId" TEXT NOT NULL, "providerEmail" TEXT, "access_token" TEXT,
    FOREIGN KEY ("userId") REFERENCES "users" ("id"));
CREATE TABLE "EventType" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "title" TEXT NOT NULL, "slug" TEXT NOT NULL,
    "length" INTEGER NOT NULL, "userId" INTEGER, "timeZone" TEXT, FOREIGN KEY ("userId") REFERENCES "users" ("id"));
CREATE TABLE "Schedule" ("id" INTEGER NOT NULL PRIMARY KEY, "userId" INTEGER NOT NULL, "name" TEXT NOT NULL,
    "timeZone" TEXT);
CREATE TABLE "Availability" ("id" INTEGER NOT NULL PRIMARY KEY, "userId" INTEGER, "eventTypeId" INTEGER, "days" TEXT,
    "startTime" DATETIME NOT NULL, "endTime" DATETIME NOT NULL, "date" DATETIME, "scheduleId" INTEGER);
CREATE TABLE "SelectedSlots" ("id" INTEGER NOT NULL PRIMARY KEY, "eventTypeId" INTEGER NOT NULL,
    "userId" INTEGER NOT NULL, "slotUtcStartDate" DATETIME NOT NULL, "slotUtcEndDate" DATETIME NOT NULL,
    "uid" TEXT NOT NULL, "releaseAt" DATETIME NOT NULL);
CREATE TABLE "OutOfOfficeEntry" ("id" INTEGER NOT NULL PRIMARY KEY, "uuid" TEXT NOT NULL UNIQUE,
    "start" DATETIME NOT NULL, "end" DATETIME NOT NULL, "userId" INTEGER NOT NULL);
CREATE TABLE "Booking" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "uid" TEXT NOT NULL, "idempotencyKey" TEXT,
    "userId" INTEGER, "userPrimaryEmail" TEXT, "eventTypeId" INTEGER, "title" TEXT NOT NULL, "description" TEXT,
    "customInputs" TEXT, "responses" TEXT, "startTime" DATETIME NOT NULL, "endTime" DATETIME NOT NULL,
    "location" TEXT, "createdAt" DATETIME NOT NULL, "updatedAt" DATETIME,
    "status" TEXT NOT NULL DEFAULT 'ACCEPTED', "paid" BOOLEAN NOT NULL DEFAULT false, "cancellationReason" TEXT,
    "rejectionReason" TEXT, "rescheduled" BOOLEAN, "fromReschedule" TEXT, "recurringEventId" TEXT, "metadata" TEXT,
    FOREIGN KEY ("userId") REFERENCES "users" ("id"), FOREIGN KEY ("eventTypeId") REFERENCES "EventType" ("id"));
CREATE UNIQUE INDEX "Booking_uid_key" ON "Booking"("uid");
CREATE UNIQUE INDEX "Booking_idempotencyKey_key" ON "Booking"("idempotencyKey");
CREATE TABLE "Attendee" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL, "name" TEXT NOT NULL,
    "timeZone" TEXT NOT NULL, "phoneNumber" TEXT, "locale" TEXT, "bookingId" INTEGER, "noShow" BOOLEAN,
    FOREIGN KEY ("bookingId") REFERENCES "Booking" ("id"));
INSERT INTO "users" VALUES (4, 'bob', 'Bob Coach', 'bob@example.org', NULL, '', 'America/New_York', 'Monday', 0, 1440,
    1700000000000, NULL, 'u-4');
INSERT INTO "Account" VALUES ('a', 4, 'oauth', 'google', '111111111111111111111', 'bob@example.org', NULL);
INSERT INTO "EventType" VALUES (7, 'Coaching', 'coaching', 60, 4, NULL);
INSERT INTO "Availability" VALUES (1, 4, 7, '[1,2]', 32400000, 61200000, NULL, 1);
INSERT INTO "OutOfOfficeEntry" VALUES (1, 'ooo-1', 4070000000000, 4071000000000, 4);
INSERT INTO "Booking" VALUES
    (1, 'fVKqr8nFYt5ZcmXv2mPzbD', NULL, 4, 'bob@example.org', 7, 'Coaching', NULL, NULL,
     '{"name": "Ada", "email": "ada@example.org", "discord": "ada.lovelace"}', 4085136000000, 4085139600000,
     NULL, 1700000000000, NULL, 'ACCEPTED', 0, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, 'w3DkVx9Hn1sQbCz8LrTyAe', NULL, 4, 'bob@example.org', 7, 'Coaching', NULL, NULL,
     '{"name": "Eve", "email": "eve@example.org", "discord": "eve"}', 4085222400000, 4085226000000,
     NULL, 1700000000000, NULL, 'CANCELLED', 0, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 'pending-uid-0000000000', NULL, 4, 'bob@example.org', 7, 'Coaching', NULL, NULL, NULL, 4085308800000,
     4085312400000, NULL, 1700000000000, NULL, 'PENDING', 0, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "Attendee" VALUES (1, 'ada@example.org', 'Ada Lovelace', 'Europe/Berlin', NULL, 'de', 1, NULL),
    (2, 'eve@example.org', 'Eve', 'Europe/Berlin', NULL, 'de', 2, NULL),
    (3, 'guest@example.org', 'A guest', 'Europe/Berlin', NULL, 'de', 1, NULL);
